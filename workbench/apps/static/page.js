// Draws a tree of plain nodes and says what was clicked. Text is only ever set as text, so nothing in it can become markup.
const TAGS = new Set((
  "a abbr article aside b bdi blockquote br button caption code col colgroup dd details div dl dt em fieldset figcaption figure footer form " +
  "h1 h2 h3 h4 header hr input kbd label legend li mark meter nav ol optgroup option output p progress section select small span strong " +
  "sub summary sup table tbody td textarea tfoot th thead time tr ul"
).split(" "));
const ATTRIBUTES = new Set((
  "id class title lang dir role tabindex name type value placeholder for href scope colspan rowspan span min max low high optimum step rows " +
  "cols disabled required readonly checked selected open autocomplete inputmode maxlength minlength pattern datetime hidden list size start"
).split(" "));
const LINK = /^(\/(?!\/)[\w\-./?=&%#]*|#[\w\-]+|[\w\-]+\.ipynb)$/; // our own pages only
const FIELDS = "input, textarea, select, [contenteditable]";

function allowed(name, value) {
  if (name === "href") return LINK.test(value);
  if (name === "type") return value !== "image";
  return ATTRIBUTES.has(name) || /^(aria|data)-[a-z-]+$/.test(name);
}

function setAttributes(element, now, before) {
  for (const name of Object.keys(before)) {
    if (!(name in now)) {
      element.removeAttribute(name);
      if (name === "checked" || name === "disabled" || name === "open") element[name] = false;
    }
  }
  for (const [name, value] of Object.entries(now)) {
    if (before[name] === value || !allowed(name, String(value))) continue;
    if (name === "value" && element.tagName !== "OPTION") element.value = value; // what a person types is theirs until we change our mind
    else if (name === "checked" || name === "open") element[name] = true;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function make(node) {
  if (typeof node === "string") return document.createTextNode(node);
  const element = document.createElement(TAGS.has(node.tag) ? node.tag : "span");
  node.children.forEach((child) => element.appendChild(make(child)));
  setAttributes(element, node.attributes || {}, {});
  element.wbNode = node;
  return element;
}

function same(a, b) {
  if (typeof a === "string" || typeof b === "string") return typeof a === typeof b;
  return a.tag === b.tag && a.key === b.key;
}

function update(element, now, before) {
  if (typeof now === "string") {
    if (now !== before) element.nodeValue = now;
    return;
  }
  now.children.forEach((child, index) => {
    const old = before.children[index];
    if (old === undefined) element.appendChild(make(child));
    else if (same(child, old)) update(element.childNodes[index], child, old);
    else element.replaceChild(make(child), element.childNodes[index]);
  });
  while (element.childNodes.length > now.children.length) element.removeChild(element.lastChild);
  setAttributes(element, now.attributes || {}, before.attributes || {});
  element.wbNode = now;
}

function fieldsOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.type === "submit" || field.type === "button") continue;
    if (field.type === "checkbox") values[field.name] = field.checked;
    else if (field.type !== "radio" || field.checked) values[field.name] = field.value;
  }
  return values;
}

function render({ model, el }) {
  let drawn = null;
  let root = null;
  let number = 0;
  let waiting = 0;
  let lastFocus = "";
  const frame = document.createElement("div");
  frame.className = "wb-frame";
  const bar = document.createElement("div");
  bar.className = "wb-progress";
  bar.hidden = true;
  const barText = document.createElement("span");
  barText.setAttribute("role", "status");
  const barMeter = document.createElement("progress");
  barMeter.setAttribute("aria-label", "Progress");
  bar.append(barText, barMeter);
  const style = document.createElement("style");
  style.textContent = model.get("stylesheet");
  frame.append(style, bar);
  frame.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab must not take our keys
  el.appendChild(frame);
  const listenOn = model.get("whole_window") ? document : frame;

  function busy(on) {
    frame.setAttribute("aria-busy", on ? "true" : "false");
    frame.querySelectorAll("button, select, input[type=submit]").forEach((control) => {
      const own = control.wbNode && (control.wbNode.attributes || {}).disabled;
      control.disabled = on || Boolean(own);
    });
  }

  function withFields(names) {
    const values = {};
    for (const name of names) {
      const field = frame.querySelector(`[name="${CSS.escape(name)}"]`);
      if (field && field.value.trim()) values[name] = field.value;
    }
    return values;
  }

  function send(command, args) {
    if (waiting) return; // one thing at a time: a second click belongs to what is not on the page yet
    waiting = ++number;
    busy(true);
    model.send({ command, args, number });
  }

  function draw() {
    const tree = model.get("tree");
    if (!tree || !tree.tag) return;
    const hadFocus = root && root.contains(document.activeElement);
    if (drawn && same(tree, drawn)) update(root, tree, drawn);
    else {
      const fresh = make(tree);
      if (root) frame.replaceChild(fresh, root);
      else frame.appendChild(fresh);
      root = fresh;
    }
    drawn = tree;
    if (waiting) busy(true);
    const wanted = root.querySelector("[data-focus]");
    const token = wanted ? wanted.getAttribute("data-focus") : "";
    const lost = hadFocus && !root.contains(document.activeElement);
    if (wanted && token !== lastFocus && (lastFocus !== "" || lost)) wanted.focus({ preventScroll: wanted.hasAttribute("data-still") });
    lastFocus = token;
  }

  function drawProgress() {
    const { what, done, total } = model.get("progress") || {};
    bar.hidden = !what;
    barText.textContent = what || "";
    if (total) {
      barMeter.max = total;
      barMeter.value = done;
    } else barMeter.removeAttribute("value");
  }

  function nodeAt(target, event) {
    const element = target.closest ? target.closest("button, a, select, input") : null;
    return element && element.wbNode && element.wbNode.on ? element : null;
  }

  frame.addEventListener("click", (event) => {
    const element = nodeAt(event.target);
    if (!element || !["BUTTON", "A"].includes(element.tagName)) return;
    event.preventDefault();
    const fields = (element.getAttribute("data-with") || "").split(" ").filter(Boolean);
    send(element.wbNode.on, { ...element.wbNode.args, ...withFields(fields) });
  });
  frame.addEventListener("change", (event) => {
    const element = nodeAt(event.target);
    if (!element || !["SELECT", "INPUT"].includes(element.tagName)) return;
    const value = element.type === "checkbox" ? element.checked : element.value;
    send(element.wbNode.on, { ...element.wbNode.args, value });
  });
  frame.addEventListener("submit", (event) => {
    event.preventDefault();
    const node = event.target.wbNode;
    const by = event.submitter && event.submitter.name ? { [event.submitter.name]: event.submitter.value } : {};
    if (node && node.on) send(node.on, { ...node.args, ...fieldsOf(event.target), ...by });
  });

  function pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.repeat) return;
    if (event.target.closest && event.target.closest(FIELDS)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const call = (model.get("shortcuts") || {})[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!call) return;
    event.preventDefault();
    const focus = call[0] === "focus" ? frame.querySelector(call[1]) : null;
    if (focus) focus.focus();
    else if (call[0] !== "focus") send(call[0], { ...call[1], ...withFields(call[2] || []) });
  }
  listenOn.addEventListener("keydown", pressed);

  function answered(message) {
    if (message.done === undefined) return;
    waiting = 0;
    busy(false);
  }
  model.on("change:tree", draw);
  model.on("change:progress", drawProgress);
  model.on("msg:custom", answered);
  draw();
  drawProgress();
  frame.setAttribute("data-ready", "true");
  return () => {
    listenOn.removeEventListener("keydown", pressed);
    model.off("change:tree", draw);
    model.off("change:progress", drawProgress);
    model.off("msg:custom", answered);
  };
}

export default { render };
