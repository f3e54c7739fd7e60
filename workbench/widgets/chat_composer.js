// A field for messages: Enter sends, Shift+Enter begins a new line. The text stays until the kernel has taken it.

function render({ model, el }) {
  const label = document.createElement("label");
  const caption = document.createElement("span");
  caption.textContent = "Your message (Enter sends, Shift+Enter begins a new line):";
  const text = document.createElement("textarea");
  text.rows = 3;
  label.append(caption, text);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "lm-Widget jupyter-widgets jupyter-button widget-button mod-primary";
  button.textContent = "Send";
  el.classList.add("workbench-composer");
  el.append(label, button);

  const send = () => {
    if (!model.get("busy") && text.value.trim()) model.send({ say: text.value });
  };
  const pressed = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  // A disabled button would lose the focus of whoever pressed it.
  const tell = () => button.setAttribute("aria-disabled", String(model.get("busy")));
  const taken = (message) => {
    if (message.taken === text.value) text.value = "";
  };
  text.addEventListener("keydown", pressed);
  button.addEventListener("click", send);
  model.on("change:busy", tell);
  model.on("msg:custom", taken);
  tell();
  return () => {
    model.off("change:busy", tell);
    model.off("msg:custom", taken);
  };
}

export default { render };
