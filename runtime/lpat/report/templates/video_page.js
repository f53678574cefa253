(() => {
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const video = one("#video"), notice = one("#notice"), picker = one("#picker");
  const canvas = one("#canvas"), scroller = one("#scroller"), playhead = one("#playhead");
  const clock = one("#clock"), least = one("#least");
  const duration = Number(canvas.dataset.duration);
  const rows = all("#list tbody tr"), bars = all("#canvas .bar");
  const rowOf = new Map(rows.map((row) => [row.dataset.number, row]));
  const barOf = new Map(bars.map((bar) => [bar.dataset.number, bar]));
  const boxes = all("#classes input");
  const [START, END, SCORE] = [1, 2, 4];
  const value = (row, column) => Number(row.cells[column].dataset.value);

  // The video: a click plays a segment up to its end.
  let segment = null;  // its end, while it plays
  let sought = null;  // where the page itself moved to
  let object = null;  // the address of a file that was chosen

  const canPlay = () => video.readyState >= 1 && video.videoWidth > 0;

  function show(time) {
    playhead.style.left = `${100 * Math.min(Math.max(time / duration, 0), 1)}%`;
    const minutes = Math.floor(time / 60);
    clock.textContent = `${minutes}:${(time - 60 * minutes).toFixed(2).padStart(5, "0")}`;
  }

  function seek(time) {
    sought = time;
    show(time);
    if (video.readyState >= 1 || video.hasAttribute("src")) video.currentTime = time;
  }

  function follow() {
    if (segment !== null && video.currentTime >= segment) {
      segment = null;
      video.pause();
    }
    show(video.currentTime);
  }

  function frame() {
    follow();
    if (!video.paused) requestAnimationFrame(frame);
  }

  function choose(number) {
    for (const marked of all("[aria-current]")) marked.removeAttribute("aria-current");
    const row = rowOf.get(number);
    row.setAttribute("aria-current", "true");
    barOf.get(number).setAttribute("aria-current", "true");
    seek(value(row, START));
    segment = value(row, END);
    if (video.hasAttribute("src")) video.play().catch(() => {});
  }

  video.addEventListener("play", () => requestAnimationFrame(frame));
  video.addEventListener("timeupdate", follow);
  video.addEventListener("seeking", () => {
    if (sought === null || Math.abs(video.currentTime - sought) > 0.1) segment = null;
    sought = null;
  });
  video.addEventListener("loadedmetadata", () => {
    notice.hidden = canPlay();
    video.hidden = !canPlay();
    if (!canPlay()) one("#reason").textContent = notice.dataset.pictures;
  });
  video.addEventListener("error", () => {
    if (!video.hasAttribute("src")) return;
    notice.hidden = false;
    video.hidden = true;
    one("#reason").textContent = object ? notice.dataset.chosen : notice.dataset.failed;
  });
  picker.addEventListener("change", () => {
    if (!picker.files.length) return;
    if (object) URL.revokeObjectURL(object);
    object = URL.createObjectURL(picker.files[0]);
    video.src = object;
    video.load();
  });

  const embedded = one("#embedded");
  if (embedded) {
    const parts = [], text = embedded.textContent, step = 1 << 20;
    for (let start = 0; start < text.length; start += step) {
      parts.push(Uint8Array.from(atob(text.slice(start, start + step)), (c) => c.charCodeAt(0)));
    }
    embedded.remove();
    video.src = URL.createObjectURL(new Blob(parts, {type: embedded.dataset.type}));
  } else if (video.error) {
    video.dispatchEvent(new Event("error"));  // it came before this script
  } else if (video.readyState >= 1) {
    video.dispatchEvent(new Event("loadedmetadata"));
  }

  for (const row of rows) row.addEventListener("click", () => choose(row.dataset.number));
  canvas.addEventListener("click", (event) => {
    const bar = event.target.closest(".bar");
    if (bar) {
      choose(bar.dataset.number);
      return;
    }
    const box = canvas.getBoundingClientRect();
    segment = null;
    seek((event.clientX - box.left) / box.width * duration);
  });

  // What is shown: by class and by score.
  function filter() {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const [low, high] = [Number(least.dataset.low), Number(least.dataset.high)];
    const bound = Number(least.value) > 0 ? low + (high - low) * least.value / 100 : -Infinity;
    let count = 0;
    for (const row of rows) {
      row.hidden = !(wanted.has(row.dataset.label) && value(row, SCORE) >= bound);
      barOf.get(row.dataset.number).hidden = row.hidden;
      count += !row.hidden;
    }
    for (const part of all("#canvas [data-class]")) {
      part.classList.toggle("off", !wanted.has(part.dataset.class));
    }
    one("#bound").textContent = bound === -Infinity ? "any" : bound.toFixed(3);
    one("#count").textContent = `${count} of ${rows.length}`;
  }
  for (const box of boxes) box.addEventListener("change", filter);
  least.addEventListener("input", filter);
  for (const [button, checked] of [["#every", true], ["#none", false]]) {
    one(button)?.addEventListener("click", () => {
      for (const box of boxes) box.checked = checked;
      filter();
    });
  }

  // The ruler shows as many times as there is room for, and zooming makes room.
  const ticks = all("#ruler span");
  let zoom = 1;
  function rule() {
    const gap = canvas.clientWidth / Math.max(ticks.length, 1);
    const step = [1, 2, 5, 10, 20, 30, 60].find((every) => every * gap >= 62) ?? 60;
    ticks.forEach((tick, number) => { tick.hidden = number % step > 0; });
  }
  function zoomBy(factor) {
    zoom = Math.min(Math.max(zoom * factor, 1), 16);
    canvas.style.width = `${100 * zoom}%`;
    const place = parseFloat(playhead.style.left || "0") / 100 * canvas.clientWidth;
    scroller.scrollLeft = place - scroller.clientWidth / 2;
    rule();
  }
  one("#closer").addEventListener("click", () => zoomBy(2));
  one("#wider").addEventListener("click", () => zoomBy(1 / 2));
  addEventListener("resize", rule);
  rule();
  filter();
})();
