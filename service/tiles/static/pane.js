// One of the pictures: tiles of 16-bit values from the server, drawn through a window.

const MOST_TILES = 128;
const STEP = 64; // parts grow by so many pixels, so that their canvas seldom changes its size
const OPAQUE = 0xff000000;

export class Pane {
  constructor(canvas, address, told, changed) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.texture = document.createElement("canvas").getContext("2d", { alpha: false });
    this.address = address;
    this.side = told.tile;
    this.sizes = told.sizes; // [rows, columns] of each level; level 0 has every pixel
    this.window = told.window;
    this.changed = changed;
    this.tiles = new Map(); // by level/column/row, those drawn last at the end
    this.version = 0; // of the window
  }

  async open() {
    this.tones = new Uint8Array(await bytes(`${this.address}/tones`));
    this.shades = new Uint32Array(this.tones.length);
    this.setWindow(0, 1);
  }

  // Shift the window by a share of its own width, and stretch it.
  setWindow(shift, stretch) {
    const { center, width } = this.window;
    const last = this.tones.length - 1;
    for (let value = 0; value <= last; value += 1) {
      const looked = Math.round(center + (value - center - shift * width) / stretch);
      const tone = this.tones[Math.min(Math.max(looked, 0), last)];
      this.shades[value] = OPAQUE | (tone << 16) | (tone << 8) | tone;
    }
    this.version += 1;
  }

  // Draw what is around (x, y), in pixels of level 0; scale is pixels of the screen to one of them.
  draw({ x, y, scale }) {
    const { width, height } = this.canvas;
    const level = levelOf(scale, this.sizes.length);
    const size = scale * 2 ** level;
    const [rows, columns] = this.sizes[level];
    const left = x / 2 ** level - width / 2 / size;
    const top = y / 2 ** level - height / 2 / size;
    const part = {
      left: Math.max(0, before(left)),
      top: Math.max(0, before(top)),
      right: Math.min(columns, behind(left + width / size)),
      bottom: Math.min(rows, behind(top + height / size)),
    };
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, width, height);
    const [wide, high] = [part.right - part.left, part.bottom - part.top];
    if (wide <= 0 || high <= 0) return;
    this.compose(level, part);
    this.context.imageSmoothingEnabled = true;
    this.context.imageSmoothingQuality = "medium";
    this.context.drawImage(
      this.texture.canvas, 0, 0, wide, high,
      Math.round((part.left - left) * size), Math.round((part.top - top) * size),
      wide * size, high * size,
    );
    this.forget();
  }

  // Put the tiles of a part together; what is not there yet stands in from the coarsest level.
  compose(level, part) {
    const { canvas } = this.texture;
    const [wide, high] = [part.right - part.left, part.bottom - part.top];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    const side = this.side;
    for (let row = Math.floor(part.top / side); row * side < part.bottom; row += 1) {
      for (let column = Math.floor(part.left / side); column * side < part.right; column += 1) {
        const tile = this.tile(level, column, row);
        const [atX, atY] = [column * side - part.left, row * side - part.top];
        if (tile) this.texture.drawImage(tile, atX, atY);
        else this.standIn(level, column, row, atX, atY);
      }
    }
  }

  standIn(level, column, row, atX, atY) {
    const last = this.sizes.length - 1;
    const [rows, columns] = this.sizes[level];
    const wide = Math.min(this.side, columns - column * this.side);
    const high = Math.min(this.side, rows - row * this.side);
    this.texture.fillStyle = "#000";
    this.texture.fillRect(atX, atY, wide, high);
    const coarse = level === last ? null : this.tile(last, 0, 0);
    if (!coarse) return;
    const share = 2 ** (last - level);
    this.texture.drawImage(
      coarse, (column * this.side) / share, (row * this.side) / share, wide / share, high / share,
      atX, atY, wide, high,
    );
  }

  // Return a tile as it is shown through the window of now, null if it is still to come.
  tile(level, column, row) {
    const name = `${level}/${column}/${row}`;
    const known = this.tiles.get(name);
    if (!known) {
      this.fetch(name, level, column, row);
      return null;
    }
    this.tiles.delete(name);
    this.tiles.set(name, known);
    if (!known.values) return null;
    if (known.version !== this.version) this.paint(known);
    return known.canvas;
  }

  async fetch(name, level, column, row) {
    const tile = { values: null, version: -1, canvas: null, width: 0 };
    this.tiles.set(name, tile);
    try {
      tile.values = new Uint16Array(await bytes(`${this.address}/${name}`));
    } catch {
      this.tiles.delete(name);
      return;
    }
    const [rows, columns] = this.sizes[level];
    tile.canvas = document.createElement("canvas");
    tile.canvas.width = Math.min(this.side, columns - column * this.side);
    tile.canvas.height = Math.min(this.side, rows - row * this.side);
    this.changed();
  }

  paint(tile) {
    const context = tile.canvas.getContext("2d");
    const image = context.createImageData(tile.canvas.width, tile.canvas.height);
    const shown = new Uint32Array(image.data.buffer);
    const { values } = tile;
    const { shades } = this;
    for (let index = 0; index < shown.length; index += 1) shown[index] = shades[values[index]];
    context.putImageData(image, 0, 0);
    tile.version = this.version;
  }

  forget() {
    for (const name of this.tiles.keys()) {
      if (this.tiles.size <= MOST_TILES) return;
      this.tiles.delete(name);
    }
  }

  get isWhole() {
    return [...this.tiles.values()].every((tile) => tile.values);
  }
}

const before = (place) => Math.floor(place / STEP) * STEP;
const behind = (place) => Math.ceil(place / STEP) * STEP;

// The coarsest level that has no fewer pixels than the screen shows.
function levelOf(scale, levels) {
  return Math.min(Math.max(0, Math.floor(Math.log2(1 / scale))), levels - 1);
}

export async function bytes(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.arrayBuffer();
}
