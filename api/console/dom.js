// Making elements. Data reaches the page through textContent alone, so a name can never become markup.

/** An element with attributes (`hidden`, `data-...`, `class`) and children: elements or text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Shows `text`, or hides the element when there is none. Untouched when nothing changes, so nothing is read twice. */
export function show(target, text) {
  const wanted = text ?? "";
  if (target.textContent !== wanted) target.textContent = wanted;
  target.hidden = wanted === "";
}

/** Shows a link with the text and address of `to`; text alone without an address, and nothing without `to`. */
export function lead(link, to) {
  show(link, to?.text);
  if (!to?.href) link.removeAttribute("href");
  else if (link.getAttribute("href") !== to.href) link.setAttribute("href", to.href);
}

/** Makes `children` the children of `parent`, moving only what must move: a focused button stays focused. */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
}
