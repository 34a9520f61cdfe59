// Shows the page when its kernel has drawn it, says when the page has gone to sleep, and ends it when the tab closes.
window.voila_heartbeat = () => {};
window.voila_process = () => {};
window.voila_finish = () => {
  if (!window.themeLoaded) {
    window.cellLoaded = true;
    return;
  }
  const loading = document.getElementById("loading");
  if (loading) loading.remove();
  document.getElementById("rendered_cells").style.display = "";
};

(() => {
  const SECONDS_BETWEEN = 20;
  const words = {
    asleep: "This page went to sleep to make room for others. Whatever it said was saved is saved. Reload it to go on.",
    signedOut: "You were signed out. Reload the page to sign in again.",
    noServer: "The server does not answer. This page goes on by itself when it is back.",
  };
  let ended = false;

  function kernel() {
    const script = document.getElementById("jupyter-config-data");
    return script ? JSON.parse(script.textContent).kernelId : "";
  }

  function say(text) {
    const notice = document.getElementById("wb-asleep");
    notice.hidden = !text;
    notice.querySelector("p").textContent = text;
    document.body.classList.toggle("wb-stopped", Boolean(text) && text !== words.noServer);
  }

  async function look() {
    if (ended || !kernel()) return;
    try {
      const answer = await fetch(`/api/kernels/${kernel()}`, { headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.status === 404) say(words.asleep);
      else if (answer.type === "opaqueredirect" || answer.status === 403) say(words.signedOut);
      else if (answer.ok) say("");
    } catch {
      if (!ended) say(words.noServer);
    }
  }

  window.addEventListener("load", () => setInterval(look, SECONDS_BETWEEN * 1000));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
  window.addEventListener("pagehide", () => {
    ended = true;
    const form = new FormData();
    form.append("_xsrf", document.querySelector(".wb-person input").value);
    if (kernel()) navigator.sendBeacon(`/voila/api/shutdown/${kernel()}`, form);
  });
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
})();
