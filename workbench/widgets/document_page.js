// Shows a document and tells the kernel which part of it is selected. The page comes from the kernel, where links,
// scripts and pictures of the document were made plain text.

const PAUSE = 150;

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "workbench-page";
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  const status = document.createElement("div");
  status.className = "workbench-count";
  status.setAttribute("role", "status");
  el.append(box, status);

  const draw = () => {
    box.innerHTML = model.get("page");
    box.scrollTop = 0;
    mark();
  };
  const name = () => box.setAttribute("aria-label", model.get("name"));
  const tell = () => { status.textContent = model.get("told"); };
  const mark = () => {
    const [first, end] = model.get("marked");
    let shown = null;
    for (const block of box.children) {
      const inside = Number(block.dataset.first) < end && Number(block.dataset.end) > first;
      block.classList.toggle("workbench-marked", inside);
      shown = shown || (inside ? block : null);
    }
    if (shown && shown.offsetTop < box.scrollTop) box.scrollTop = shown.offsetTop;
    const below = shown ? shown.offsetTop + shown.offsetHeight - box.scrollTop - box.clientHeight : 0;
    if (below > 0) box.scrollTop += Math.min(below, shown.offsetTop - box.scrollTop);
  };

  // The part of the selection that lies in the page; null where there is none.
  const range = () => {
    const selection = document.getSelection();
    if (!selection || !selection.rangeCount || selection.isCollapsed) return null;
    const part = selection.getRangeAt(0).cloneRange();
    if (!part.intersectsNode(box)) return null;
    return clipped(part, box);
  };
  const clipped = (part, node) => {
    const whole = document.createRange();
    whole.selectNodeContents(node);
    const inner = part.cloneRange();
    if (inner.compareBoundaryPoints(Range.START_TO_START, whole) < 0) inner.setStart(whole.startContainer, whole.startOffset);
    if (inner.compareBoundaryPoints(Range.END_TO_END, whole) > 0) inner.setEnd(whole.endContainer, whole.endOffset);
    return inner;
  };
  const read = () => {
    const part = range();
    if (!part || !part.toString().trim()) return;
    const touched = [...box.querySelectorAll("[data-first]")].filter(
      (block) => part.intersectsNode(block) && clipped(part, block).toString().trim(),
    );
    const inner = touched.filter((block) => !touched.some((other) => other !== block && block.contains(other)));
    if (!inner.length) return;
    const first = Math.min(...inner.map((block) => Number(block.dataset.first)));
    const end = Math.max(...inner.map((block) => Number(block.dataset.end)));
    model.set("selection", [first, end, part.toString()]);
    model.save_changes();
  };

  let waiting = 0;
  const later = () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(read, PAUSE);
  };
  document.addEventListener("selectionchange", later);
  model.on("change:page", draw);
  model.on("change:name", name);
  model.on("change:told", tell);
  model.on("change:marked", mark);
  name();
  draw();
  tell();
  return () => {
    window.clearTimeout(waiting);
    document.removeEventListener("selectionchange", later);
    for (const [event, handler] of [["page", draw], ["name", name], ["told", tell], ["marked", mark]]) {
      model.off(`change:${event}`, handler);
    }
  };
}

export default { render };
