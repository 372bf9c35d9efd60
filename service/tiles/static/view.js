// Pictures in step: one place, one zoom, one window for all of them, by mouse, touch and deeds.

const MOST_SCALE = 16;
const STEP = 1.25; // of zoom
const NUDGE = 0.15; // of the screen
const CONTRAST = 1.12;
const BRIGHTNESS = 0.05; // of the width of the window

export class View {
  // told() is called after every frame; isWindowing() says what dragging does.
  constructor(canvases, told, isWindowing) {
    this.canvases = canvases;
    this.told = told;
    this.isWindowing = isWindowing;
    this.panes = [];
    this.place = { x: 0, y: 0, scale: 1 }; // scale: pixels of the screen to one of the grid
    this.shift = 0;
    this.stretch = 1;
    this.isFitted = true;
    this.isDue = false;
    this.redraw = this.redraw.bind(this);
    this.acts = this.makeActs();
    canvases.forEach((canvas) => this.listen(canvas));
    new ResizeObserver(() => this.resized()).observe(canvases[0]);
  }

  // Begin to show panes on a grid of so many rows and columns: that of the largest of them.
  show(panes, rows, columns) {
    Object.assign(this, { panes, rows, columns });
    this.resized();
  }

  redraw() {
    if (this.isDue || !this.panes.length) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.draw();
      this.told();
    });
  }

  draw() {
    const { x, y, scale } = this.place;
    for (const pane of this.panes) {
      const share = pane.sizes[0][1] / this.columns;
      pane.draw({ x: x * share, y: y * share, scale: scale / share });
    }
  }

  // The window of that pane as it stands now.
  windowOf(pane) {
    const { center, width } = pane.window;
    return { center: center + this.shift * width, width: this.stretch * width };
  }

  get isWhole() {
    return this.panes.length > 0 && this.panes.every((pane) => pane.isWhole);
  }

  fittingScale() {
    const { width, height } = this.canvases[0];
    return Math.min(width / this.columns, height / this.rows);
  }

  fit() {
    this.place = { x: this.columns / 2, y: this.rows / 2, scale: this.fittingScale() };
    this.isFitted = true;
    this.redraw();
  }

  // Zoom so that the point of the picture at (fromX, fromY) from the middle stays where it is.
  zoom(scale, fromX = 0, fromY = 0) {
    const next = Math.min(Math.max(scale, this.fittingScale() / 2), MOST_SCALE);
    this.place.x += fromX / this.place.scale - fromX / next;
    this.place.y += fromY / this.place.scale - fromY / next;
    this.place.scale = next;
    this.isFitted = false;
    this.move(0, 0);
  }

  move(byX, byY) {
    const { place } = this;
    place.x = Math.min(Math.max(place.x + byX / place.scale, 0), this.columns);
    place.y = Math.min(Math.max(place.y + byY / place.scale, 0), this.rows);
    this.isFitted = this.isFitted && !byX && !byY;
    this.redraw();
  }

  // Look at the middle of a part of the grid, and show it at most so large.
  lookAt(x, y, width, height) {
    const canvas = this.canvases[0];
    const scale = Math.min(canvas.width / width, canvas.height / height) / 2.5;
    Object.assign(this.place, { x, y });
    this.zoom(Math.max(scale, this.fittingScale()));
  }

  setWindow(shift, stretch) {
    this.shift = Math.min(Math.max(shift, -1.5), 1.5);
    this.stretch = Math.min(Math.max(stretch, 0.02), 8);
    for (const pane of this.panes) pane.setWindow(this.shift, this.stretch);
    this.redraw();
  }

  makeActs() {
    const nudge = (x, y) => () => {
      const { width, height } = this.canvases[0];
      this.move(x * NUDGE * width, y * NUDGE * height);
    };
    const brighten = (by) => () => this.setWindow(this.shift - by * this.stretch, this.stretch);
    return {
      larger: () => this.zoom(this.place.scale * STEP),
      smaller: () => this.zoom(this.place.scale / STEP),
      fit: () => this.fit(),
      every: () => this.zoom(1),
      left: nudge(-1, 0),
      right: nudge(1, 0),
      up: nudge(0, -1),
      down: nudge(0, 1),
      harder: () => this.setWindow(this.shift, this.stretch / CONTRAST),
      softer: () => this.setWindow(this.shift, this.stretch * CONTRAST),
      brighter: brighten(BRIGHTNESS),
      darker: brighten(-BRIGHTNESS),
      reset: () => this.setWindow(0, 1),
    };
  }

  act(name) {
    if (this.panes.length) this.acts[name]();
  }

  resized() {
    for (const canvas of this.canvases) {
      canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
      canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    }
    if (!this.panes.length || !this.canvases[0].width || !this.canvases[0].height) return;
    if (this.isFitted) this.fit();
    else this.redraw();
  }

  listen(canvas) {
    const held = new Map(); // pointers that are down, by id
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (!this.panes.length) return;
      this.zoom(this.place.scale * STEP ** -Math.sign(event.deltaY), ...fromMiddle(canvas, event));
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      const isWindow = event.button === 2 || event.shiftKey || this.isWindowing();
      held.set(event.pointerId, { x: event.clientX, y: event.clientY, isWindow });
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before || !this.panes.length) return;
      const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
      if (held.size > 1) this.pinch(canvas, held, event);
      else if (before.isWindow) this.dragWindow(canvas, dx, dy);
      else this.move(-dx * devicePixelRatio, -dy * devicePixelRatio);
      Object.assign(before, { x: event.clientX, y: event.clientY });
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => held.delete(event.pointerId));
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", (event) => {
      if (!this.panes.length) return;
      if (this.isFitted) this.zoom(1, ...fromMiddle(canvas, event));
      else this.fit();
    });
  }

  dragWindow(canvas, dx, dy) {
    const shift = this.shift + (dy / canvas.clientHeight) * this.stretch;
    this.setWindow(shift, this.stretch * Math.exp((2 * dx) / canvas.clientWidth));
  }

  // Two fingers: what is between them stays between them.
  pinch(canvas, held, event) {
    const [[, other]] = [...held].filter(([id]) => id !== event.pointerId);
    const before = held.get(event.pointerId);
    const away = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    const now = { x: event.clientX, y: event.clientY };
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
    this.zoom((this.place.scale * away(now)) / away(before), ...fromMiddle(canvas, middle));
    const half = devicePixelRatio / 2;
    this.move((before.x - now.x) * half, (before.y - now.y) * half);
  }
}

// Where an event is, from the middle of its canvas, in pixels of the screen.
function fromMiddle(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const x = (event.clientX - box.left - box.width / 2) * devicePixelRatio;
  const y = (event.clientY - box.top - box.height / 2) * devicePixelRatio;
  return [x, y];
}
