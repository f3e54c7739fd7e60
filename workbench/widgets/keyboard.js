// JupyterLab takes arrow keys and letters on lists and buttons of an output for commands of its own, and Shift+Enter in
// a text runs the cell anew. Inside the box that this stands in they belong to the box.

function render({ el }) {
  let box = null;
  let waiting = 0;
  const keep = (event) => {
    const command = event.ctrlKey || event.metaKey || event.altKey;
    if (!command || event.key === "Enter") event.stopPropagation();
  };
  const attach = () => {
    box = el.closest(".workbench-editor");
    if (box) box.addEventListener("keydown", keep);
    else waiting = window.requestAnimationFrame(attach);
  };
  attach();
  return () => {
    window.cancelAnimationFrame(waiting);
    if (box) box.removeEventListener("keydown", keep);
  };
}

export default { render };
