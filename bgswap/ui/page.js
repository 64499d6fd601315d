() => {
  // Ctrl+Enter (or Cmd+Enter) anywhere on the page presses Generate.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const button = document.querySelector("#generate");
    if (button && !button.disabled) {
      event.preventDefault();
      button.click();
    }
  });

  // Gradio loads what ?view=api shows only when its button is pressed: close and open it.
  if (new URLSearchParams(location.search).get("view") === "api")
    for (const _ of [false, true]) document.querySelector("footer .show-api")?.click();

  // Pictures without words get names.
  const examples = document.querySelectorAll("#examples .gallery-item");
  examples.forEach((button, i) => button.setAttribute("aria-label", `Example photo ${i + 1}`));

  // The editor's own brush and palette are hidden by style.css: two plain buttons press them.
  // By position, because the editor's labels are in the visitor's language.
  const brushes = ["#brush-keep", "#brush-remove"];
  const tool = (group, index) =>
    document.querySelectorAll("#editor .half-container")[group]?.querySelectorAll("button")[index];
  const colors = () => document.querySelectorAll("#editor .swatch button.color");
  const shown = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const pressed = (index) => brushes.forEach((brush, i) =>
    document.querySelector(brush)?.setAttribute("aria-pressed", String(i === index)));
  const take = async (index) => {
    tool(0, 0)?.click();
    await shown();
    if (!colors().length) tool(1, 0)?.click();
    for (let wait = 0; wait < 100 && !colors().length; wait++) await shown();
    colors()[index]?.click();
    if (colors().length) pressed(index);
  };
  document.addEventListener("click", (event) => {
    const brush = event.target.closest?.(brushes.join());
    if (brush) take(brushes.indexOf(`#${brush.id}`));
  });
  document.addEventListener("click", (event) => {
    if (tool(0, 1)?.contains(event.target)) pressed(-1);
  }, true);

  // Gradio's slider listens to the mouse alone: keys move its handle as the mouse would.
  const HANDLE = '#slider [data-testid="slider"]';
  // Where the picture is inside its element, which may be wider.
  const picture = () => {
    const image = document.querySelector("#slider img"), box = image.getBoundingClientRect();
    const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
    const width = image.naturalWidth * scale, left = middle(box) - width / 2;
    return { left, width, right: left + width, top: box.top };
  };
  const middle = (box) => box.left + box.width / 2;
  const place = (handle) =>
    handle.parentElement.getBoundingClientRect().left + new DOMMatrix(getComputedStyle(handle).transform).m41;
  const reached = (handle) => {
    const { left, width } = picture();
    return Math.round(100 * Math.min(Math.max((place(handle) - left) / width, 0), 1));
  };
  const slide = (handle, key) => {
    const { left, right, top, width } = picture(), from = place(handle);
    const places = { ArrowLeft: from - width / 20, ArrowRight: from + width / 20, Home: left, End: right };
    if (!(key in places)) return false;
    const send = (target, type, clientX) => target.dispatchEvent(new MouseEvent(type, {
      bubbles: true, cancelable: true, view: window, clientX, clientY: top,
    }));
    send(handle, "mousedown", from);
    send(window, "mousemove", places[key]);
    send(window, "mouseup", places[key]);
    return true;
  };
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.(HANDLE);
    if (!handle || !slide(handle, event.key)) return;
    event.preventDefault();
    shown().then(() => handle.setAttribute("aria-valuenow", reached(handle)));
  });
  document.addEventListener("focusin", (event) => {
    const handle = event.target.closest?.(HANDLE);
    if (handle) handle.setAttribute("aria-valuenow", reached(handle));
  });

  // On a phone the result is below: show that the work has begun.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#generate") || window.innerWidth > 720) return;
    document.querySelector("#result")?.scrollIntoView({ behavior: "smooth", block: "start" });
  });

  // Gradio translates labels and values, but neither choices nor captions.
  const languages = window.gradio_config?.i18n_translations ?? {}, english = languages.en ?? {};
  const language = [navigator.language, navigator.language.split("-")[0], "en"].find((l) => l in languages);
  const words = languages[language] ?? {};
  const keys = Object.fromEntries(Object.entries(english).map(([key, word]) => [word, key]));
  document.documentElement.lang = language ?? "en";
  const translate = (element, word) => {
    const node = [...element.childNodes].find((n) => n.nodeType === Node.TEXT_NODE && n.data.includes(word));
    const local = words[keys[word]];
    if (node && local && local !== word) node.data = node.data.replace(word, local);
  };

  // Cut-outs are switches: say so, and in words, to screen readers.
  const name = (grid) => {
    for (const button of grid.querySelectorAll("button.thumbnail-item")) {
      const line = button.querySelector(".caption-label");
      if (!line?.textContent?.trim()) continue;
      for (const word of [english.stays, english.goes]) translate(line, word);
      const caption = line.textContent.trim();
      const label = `Person ${caption.replaceAll(" · ", ", ")}`;
      const pressed = String(caption.includes(words.stays));
      if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
      if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
    }
  };
  const watch = () => {
    const grid = document.querySelector("#people");
    if (!grid) return setTimeout(watch, 200);
    const built = () => {
      // The editor is built when it opens, and begins with the first brush.
      if (document.querySelector("#brush-keep:not([aria-pressed])")) pressed(0);
      const handle = document.querySelector(`${HANDLE}:not([tabindex])`);
      if (handle) Object.entries({
        role: "slider", tabindex: 0, "aria-label": words.slider ?? english.slider,
        "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 15,
      }).forEach(([name, value]) => handle.setAttribute(name, value));
      // A label without a role tells screen readers nothing, and this one is always English.
      for (const empty of document.querySelectorAll(".empty[aria-label]")) empty.removeAttribute("aria-label");
      for (const choice of document.querySelectorAll("#kinds label span, #many-people label span"))
        translate(choice, choice.textContent.trim());
    };
    built();
    new MutationObserver(built).observe(document.body, { childList: true, subtree: true });
    new MutationObserver(() => name(grid)).observe(grid, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  };
  watch();
}
