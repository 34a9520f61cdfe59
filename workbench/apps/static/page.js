// Draws a tree of plain nodes and says what was clicked. Text is only ever set as text, so nothing in it can become markup.
const TAGS = new Set((
  "a abbr article aside b bdi blockquote br button caption code col colgroup dd details div dl dt em fieldset figcaption figure footer form " +
  "h1 h2 h3 h4 header hr img input kbd label legend li mark meter nav ol optgroup option output p progress section select small span strong " +
  "sub summary sup table tbody td textarea tfoot th thead time tr ul"
).split(" "));
const ATTRIBUTES = new Set((
  "id class alt title lang dir role tabindex name type value placeholder for href scope colspan rowspan span min max low high optimum step rows " +
  "cols disabled required readonly checked selected open autocomplete inputmode maxlength minlength pattern datetime hidden list size start"
).split(" "));
const LINK = /^(\/(?!\/)[\w\-./?=&%#]*|#[\w\-]+|[\w\-]+\.ipynb)$/; // our own pages only
const PICTURE = /^data:image\/(svg\+xml|png);base64,[A-Za-z0-9+/=]*$/; // a picture within an img never runs anything
const FIELDS = "input, textarea, select, [contenteditable]";
const PARTS = typeof MOUNTS === "undefined" ? {} : MOUNTS; // parts that draw themselves, when a page brings some
const FOCUSABLE = "a[href], button:not([disabled]), input:not([type=hidden]):not([disabled]), select:not([disabled]), textarea, summary, [tabindex='0']";
const UPLOAD_BYTES = 2 ** 20;
const PATIENT_MS = 180; // controls are greyed out only when an answer takes longer, so that quick ones do not flicker
const TYPING_MS = 250;

function allowed(name, value) {
  if (name === "href") return LINK.test(value);
  if (name === "src") return PICTURE.test(value);
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
    if (name === "value" && element === document.activeElement && element.hasAttribute("data-live")) continue; // being typed
    if (name === "value" && element.tagName !== "OPTION") element.value = value; // what a person types is theirs until we change our mind
    else if (name === "checked" || name === "open") element[name] = true;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function make(node, line) {
  if (typeof node === "string") return document.createTextNode(node);
  const element = document.createElement(TAGS.has(node.tag) ? node.tag : "span");
  if (node.part) {
    element.wbPart = PARTS[node.part](element, node.options, line);
    element.wbNode = node;
    return element;
  }
  node.children.forEach((child) => element.appendChild(make(child, line)));
  setAttributes(element, node.attributes || {}, {});
  element.wbNode = node;
  return element;
}

function same(a, b) {
  if (typeof a === "string" || typeof b === "string") return typeof a === typeof b;
  return a.tag === b.tag && a.key === b.key && a.part === b.part;
}

function update(element, now, before, line) {
  if (typeof now === "string") {
    if (now !== before) element.nodeValue = now;
    return;
  }
  if (now.part) {
    element.wbPart.update(now.options);
    element.wbNode = now;
    return;
  }
  now.children.forEach((child, index) => {
    const old = before.children[index];
    if (old === undefined) element.appendChild(make(child, line));
    else if (same(child, old)) update(element.childNodes[index], child, old, line);
    else element.replaceChild(make(child, line), element.childNodes[index]);
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
  let greying = 0;
  let greyed = null; // the control that lost the focus by being greyed out
  let next = null; // what was typed into a live field while an answer was awaited
  let before = null; // what had the focus when a dialog opened
  const asked = new Map();
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
    clearTimeout(greying);
    if (on) greying = setTimeout(() => grey(true), PATIENT_MS);
    else grey(false);
  }

  function grey(on) {
    const focused = document.activeElement;
    frame.querySelectorAll("button, select, input[type=submit]").forEach((control) => {
      if (!control.wbNode) return; // a part looks after its own
      const own = (control.wbNode.attributes || {}).disabled;
      control.disabled = on || Boolean(own);
    });
    if (on && frame.contains(focused) && focused.disabled) greyed = focused;
    else if (!on && greyed) {
      if (document.activeElement === document.body && frame.contains(greyed)) greyed.focus({ preventScroll: true });
      greyed = null;
    }
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

  // A question leaves the page as it is and does not wait for others; `redraw`: the page is drawn anew after the answer.
  function ask(command, args, redraw, buffers) {
    const mine = ++number;
    return new Promise((resolve) => {
      asked.set(mine, resolve);
      model.send({ ask: command, args, number: mine, redraw: Boolean(redraw) }, undefined, buffers);
    });
  }
  const line = { ask, send };

  async function upload(field, file) {
    const node = field.wbNode;
    field.disabled = true;
    for (let start = 0; start === 0 || start < file.size; start += UPLOAD_BYTES) {
      const part = await file.slice(start, start + UPLOAD_BYTES).arrayBuffer();
      const last = start + UPLOAD_BYTES >= file.size;
      const answer = await ask(node.on, { ...node.args, name: file.name, start, size: file.size }, last, [part]);
      if (!answer) break;
    }
    field.disabled = false;
    field.value = "";
  }

  // A dialog takes the focus when it opens and gives it back when it closes.
  function dialogs(had) {
    const open = root.querySelector("[role=dialog]");
    if (open && !had) {
      before = document.activeElement;
      const target = open.querySelector("[data-first]") || open.querySelector(FOCUSABLE);
      if (target) target.focus();
    } else if (!open && had && (!document.activeElement || document.activeElement === document.body)) {
      const part = frame.querySelector("[role=grid]");
      if (before && frame.contains(before) && before !== document.body) before.focus({ preventScroll: true });
      else if (part) part.focus({ preventScroll: true });
    }
  }

  function draw() {
    const had = root && Boolean(root.querySelector("[role=dialog]"));
    drawTree();
    if (root) dialogs(had);
  }

  function drawTree() {
    const tree = model.get("tree");
    if (!tree || !tree.tag) return;
    const hadFocus = root && root.contains(document.activeElement);
    const focused = hadFocus ? document.activeElement.id : "";
    if (drawn && same(tree, drawn)) update(root, tree, drawn, line);
    else {
      const fresh = make(tree, line);
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
    const moved = focused && !root.contains(document.activeElement) && document.getElementById(focused);
    if (moved) moved.focus({ preventScroll: true });
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
    if (element.type === "file") {
      if (element.files.length) upload(element, element.files[0]);
      return;
    }
    if (element.hasAttribute("data-live")) return;
    const value = element.type === "checkbox" ? element.checked : element.value;
    send(element.wbNode.on, { ...element.wbNode.args, value });
  });
  let typing = 0;
  frame.addEventListener("input", (event) => {
    const element = nodeAt(event.target);
    if (!element || !element.hasAttribute("data-live")) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const say = [element.wbNode.on, { ...element.wbNode.args, value: element.value }];
      if (waiting) next = say;
      else send(...say);
    }, TYPING_MS);
  });
  frame.addEventListener("submit", (event) => {
    event.preventDefault();
    const node = event.target.wbNode;
    const by = event.submitter && event.submitter.name ? { [event.submitter.name]: event.submitter.value } : {};
    if (node && node.on) send(node.on, { ...node.args, ...fieldsOf(event.target), ...by });
  });

  // Arrow keys walk a list of choices, so that Tab passes it in one step.
  function walked(event) {
    const list = event.target.closest("[data-arrows]");
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!list || !step || event.target.matches("textarea, select, input[type=text], input[type=search]")) return false;
    const each = [...list.querySelectorAll(list.getAttribute("data-arrows"))].filter((item) => !item.disabled && item.offsetParent);
    const now = each.indexOf(event.target);
    if (now < 0) return false;
    each[Math.max(0, Math.min(each.length - 1, now + step))].focus();
    return true;
  }

  // Within a dialog Tab goes round, and Escape is its own button.
  function inDialog(event, dialog) {
    const each = [...dialog.querySelectorAll(FOCUSABLE)].filter((item) => item.offsetParent);
    if (event.key === "Escape") {
      const close = dialog.querySelector("[data-close]");
      if (close) close.click();
      return Boolean(close);
    }
    if (event.key !== "Tab" || !each.length) return false;
    const [first, last] = [each[0], each[each.length - 1]];
    if (event.shiftKey && document.activeElement === first) last.focus();
    else if (!event.shiftKey && document.activeElement === last) first.focus();
    else if (!dialog.contains(document.activeElement)) first.focus();
    else return false;
    return true;
  }

  function pressed(event) {
    if (event.defaultPrevented || !event.target.closest) return;
    const dialog = root && root.querySelector("[role=dialog]");
    if (walked(event) || (dialog && inDialog(event, dialog))) {
      event.preventDefault();
      return;
    }
    if (event.altKey || event.repeat) return;
    if (event.target.closest(FIELDS) && event.target.type !== "checkbox" && event.target.type !== "radio") {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
    const call = (model.get("shortcuts") || {})[control + (event.key.length === 1 ? event.key.toLowerCase() : event.key)];
    if (!call || (dialog && call[0] === "focus")) return;
    event.preventDefault();
    const focus = call[0] === "focus" ? frame.querySelector(call[1]) : null;
    if (focus) {
      focus.focus();
      if (focus.select) focus.select();
    }
    else if (call[0] !== "focus") send(call[0], { ...call[1], ...withFields(call[2] || []) });
  }
  listenOn.addEventListener("keydown", pressed);

  function answered(message) {
    if (message.answer !== undefined) {
      const resolve = asked.get(message.answer);
      asked.delete(message.answer);
      if (resolve) resolve(message.value);
    }
    if (message.done === undefined) return;
    waiting = 0;
    busy(false);
    if (next) send(...next);
    next = null;
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
