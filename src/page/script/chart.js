// The canvas: which view draws on it, and where the pointer is. Views draw with `box` and `style` and answer `hit`.

const MONOSPACE = 'ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const FONT = `11.5px ${MONOSPACE}`;
const SMALL_FONT = `10px ${MONOSPACE}`;

const TOO_LITTLE = 'The chosen function takes too little time to be in the stacks. Its callers are in the list beside.';

class Chart {
  constructor(model, words, colors, app) {
    Object.assign(this, { model, words, colors, app });
    this.canvas = document.getElementById('canvas');
    this.scroller = document.getElementById('scroller');
    this.spacer = document.getElementById('spacer');
    this.tip = document.getElementById('tip');
    this.context = this.canvas.getContext('2d');
    this.root = 0;
    this.hover = -1;
    this.focus = -1;
    this.scroll = 0;
    this.scrollX = 0;
    this.zoomed = 1;
    this.leftOut = 0;
    this.drawn = null;
    this.pending = false;
    this.made = new Map();
    this.scroller.addEventListener('scroll', () => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.scroller);
    this.canvas.addEventListener('pointermove', (event) => this.point(event));
    this.canvas.addEventListener('pointerleave', () => this.leave());
    this.canvas.addEventListener('click', (event) => this.click(event));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('focus', () => this.redraw());
    this.canvas.addEventListener('blur', () => this.redraw());
    this.pan();
  }

  get kind() { return this.app.state.view; }
  get isFlame() { return this.kind === 'flame'; }
  get isRows() { return ['icicle', 'flame', 'reverse', 'sandwich'].includes(this.kind); }
  get isGraph() { return this.kind === 'graph'; }
  get layout() {
    return { sunburst: Sunburst, squares: Squares, sandwich: Sandwich, graph: Graph, files: Squares }[this.kind] || Icicle;
  }

  // The tree that the view zooms in.
  get tree() {
    if (this.drawn) return this.drawn;
    if (this.kind === 'reverse') return this.make('reverse', () => reversedTree(this.model.tree, this.app.more));
    if (this.kind === 'files') return this.make('files', () => filesTree(this.model));
    if (this.isGraph) return this.graph;
    return this.model.tree;
  }

  // Trees made of the tree are made once, of functions only the last.
  make(key, build) {
    if (!this.made.has(key)) {
      const kind = key.split(' ')[0];
      for (const old of this.made.keys()) if (old.split(' ')[0] === kind) this.made.delete(old);
      const tree = build();
      tree.lay(this.app.state.side);
      this.made.set(key, tree);
    }
    return this.made.get(key);
  }

  get upper() {
    const fn = this.app.state.fn;
    return this.make(`upper ${fn}`, () => callersTree(this.model.tree, fn, this.app.more));
  }

  get lower() {
    const fn = this.app.state.fn;
    return this.make(`lower ${fn}`, () => calleesTree(this.model.tree, fn, this.app.more));
  }

  get graph() {
    const { fn, least } = this.app.state;
    return this.make(`graph ${fn} ${least}`, () => new CallGraph(this.model, fn, least / 100));
  }

  layAgain() {
    this.model.tree.lay(this.app.state.side);
    for (const tree of this.made.values()) tree.lay(this.app.state.side);
    this.redraw();
  }

  // What stands in the place of the picture, if there is none.
  nothing() {
    const { state } = this.app;
    if (!(this.model.tree.width[0] > 0)) return 'No time was recorded: there is nothing to draw. The table has the calls.';
    if (this.kind === 'sandwich') {
      if (state.fn < 0) return 'Choose a function in the table or in another view: here are its callers and what it calls.';
      if (!(this.lower.width[0] > 0)) return TOO_LITTLE;
    }
    if (this.isGraph) {
      if (!(this.graph.width[0] > 0)) return TOO_LITTLE;
      if (this.graph.count === 1) return 'No function takes so large a share: choose a smaller one above.';
    }
    return '';
  }

  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  draw() {
    if (this.kind === 'table') return;
    const nothing = this.nothing();
    const empty = document.getElementById('empty');
    empty.hidden = !nothing;
    empty.textContent = nothing;
    this.scroller.hidden = Boolean(nothing);
    if (nothing) return this.app.tellLeftOut(0);
    if (this.root >= this.tree.count) this.root = 0;
    this.makeRoom();
    const { height } = this;
    if (this.goTo !== undefined) {
      this.scroller.scrollTop = this.goTo;
      this.goTo = undefined;
    }
    if (this.goToNode !== undefined) {
      Graph.reveal(this, ...this.goToNode);
      this.goToNode = undefined;
    }
    this.scroll = this.isRows || this.isGraph ? this.scroller.scrollTop : 0;
    this.scrollX = this.isGraph ? this.scroller.scrollLeft : 0;
    // Few rows stand at the border where they begin.
    if (this.isFlame) this.scroll -= Math.max(0, height - this.layout.height(this));
    const { context } = this;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, height);
    context.font = FONT;
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    this.charWidth = context.measureText('MMMMMMMMMM').width / 10;
    this.leftOut = 0;
    this.layout.draw(this);
    this.app.tellLeftOut(this.leftOut);
    document.documentElement.dataset.drawn = this.kind;
  }

  // Makes room for all that is to be drawn; the canvas shows the part that is scrolled to.
  makeRoom() {
    const { scroller, spacer, canvas } = this;
    const needed = this.isGraph ? Graph.size(this) : { width: 0, height: this.isRows ? this.layout.height(this) : 0 };
    spacer.style.height = `${Math.max(0, needed.height - scroller.clientHeight)}px`;
    spacer.style.width = this.isGraph ? `${needed.width}px` : '';
    this.width = scroller.clientWidth;
    this.height = scroller.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    const pixels = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (canvas.width === pixels[0] && canvas.height === pixels[1]) return;
    [canvas.width, canvas.height] = pixels;
    canvas.style.width = `${this.width}px`;
    canvas.style.height = `${this.height}px`;
  }

  style(node) {
    const { tree, colors, app } = this;
    const fn = tree.fn[node];
    const { found, kept } = app;
    // In a sandwich the chosen function is the middle row, whatever else it is.
    const isChosen = this.kind === 'sandwich' ? node === 1 : fn >= 0 && fn === app.state.fn;
    const isPointed = (node === this.hover && tree === this.hoverTree)
      || (node === this.focus && tree === this.focusTree && document.activeElement === this.canvas);
    let fill = colors.fill(tree, node);
    let text = colors.text;
    const isFunction = fn >= 0 && fn < this.model.count;
    if (isFunction && kept && !kept[fn]) [fill, text] = [colors.faint, colors.faintText];
    else if (isFunction && found) {
      if (found[fn]) fill = colors.found;
      else [fill, text] = [colors.faint, colors.faintText];
    }
    return { fill, text, isChosen: isChosen || isPointed };
  }

  box(node, x, y, w, h, isAbove) {
    const { context, colors } = this;
    const style = this.style(node);
    context.globalAlpha = isAbove ? 0.55 : 1;
    context.fillStyle = style.fill;
    context.fillRect(x, y, Math.max(0.5, w - (w > 3 ? 1 : 0)), h - 1);
    context.globalAlpha = 1;
    if (style.isChosen && w > 2) {
      context.lineWidth = 1.5;
      context.strokeStyle = colors.chosen;
      context.strokeRect(x + 0.75, y + 0.75, Math.max(1, w - 2.5), h - 2.5);
    }
    if (w > 22) {
      context.fillStyle = style.text;
      drawLabel(this, this.words.label(this.tree.fn[node], this.tree.mark[node]), x, y + h / 2, w - 1);
    }
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    this.hitTree = this.tree;
    const node = this.layout.hit(this, event.clientX - box.left, event.clientY - box.top);
    return node >= 0 && this.hitTree.width[node] > 0 ? node : -1;
  }

  point(event) {
    if (this.nothing()) return;
    const node = this.at(event);
    const isOther = node !== this.hover || this.hoverTree !== this.hitTree;
    this.hover = node;
    this.hoverTree = this.hitTree;
    if (isOther) {
      this.app.describe(this.hitTree, node);
      this.redraw();
    }
    this.canvas.classList.toggle('over', node >= 0);
    this.showTip(event, node);
  }

  showTip(event, node) {
    this.tip.hidden = node < 0;
    if (node < 0) return;
    this.tip.replaceChildren(...this.app.tip(this.hitTree, node));
    const chart = document.getElementById('chart').getBoundingClientRect();
    const x = event.clientX - chart.left;
    const y = event.clientY - chart.top;
    const { offsetWidth, offsetHeight } = this.tip;
    this.tip.style.left = `${Math.max(4, Math.min(x + 14, chart.width - offsetWidth - 4))}px`;
    this.tip.style.top = `${y + 20 + offsetHeight > chart.height ? Math.max(4, y - offsetHeight - 10) : y + 20}px`;
  }

  leave() {
    this.hover = -1;
    this.tip.hidden = true;
    this.redraw();
  }

  click(event) {
    if (this.nothing() || this.isDragged) return;
    const node = this.at(event);
    if (node >= 0) this.activate(this.hitTree, node, event.shiftKey);
  }

  activate(tree, node, onlyChoose) {
    this.focus = node;
    this.focusTree = tree;
    // A module or a file is none to choose.
    const fn = tree.fn[node] < this.model.count ? tree.fn[node] : -1;
    if (this.kind === 'sandwich') return this.app.choose(fn, -1);
    // As in other views, a second click leads out.
    if (this.isGraph) return node === this.graph.centre ? this.app.zoomOut() : this.app.choose(fn, -1);
    if (onlyChoose) return this.app.choose(fn, node);
    // A second click on the root of the zoom leads out.
    const to = node === this.root && node > 0 ? tree.parent[node] : node;
    return this.app.zoom(to, fn, node);
  }

  key(event) {
    if (this.nothing() || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (this.isGraph && (event.key === '+' || event.key === '-')) {
      event.preventDefault();
      return this.zoomBy(event.key === '+' ? 1.25 : 0.8);
    }
    const hasMiddle = this.kind === 'sandwich' || this.isGraph;
    const tree = this.kind === 'sandwich' ? this.lower : this.tree;
    const isKnown = this.focus >= 0 && this.focus < tree.count && this.focusTree === tree;
    const node = isKnown ? this.focus : hasMiddle ? 1 : this.root;
    const [out, into] = this.isFlame ? ['ArrowDown', 'ArrowUp'] : ['ArrowUp', 'ArrowDown'];
    let to;
    if (event.key === out) to = tree.parent[node];
    else if (event.key === into) to = isKnown || this.isGraph ? tree.widestChild(node) : node;
    else if (event.key === 'ArrowLeft') to = tree.beside(node, -1);
    else if (event.key === 'ArrowRight') to = tree.beside(node, 1);
    else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      return this.activate(tree, node, event.key === ' ');
    } else return undefined;
    event.preventDefault();
    if (to < 0 || (hasMiddle && to === 0)) return undefined;
    this.focus = to;
    this.focusTree = tree;
    this.app.describe(tree, to);
    if (this.isGraph) this.goToNode = [to, false];
    else if (this.isRows && !hasMiddle) this.reveal(to);
    return this.redraw();
  }

  // Scrolls a row into the picture.
  reveal(node) {
    const row = Icicle.rowOf(this, node);
    const { scrollTop, clientHeight } = this.scroller;
    if (row < scrollTop) this.goTo = row;
    else if (row + ROW > scrollTop + clientHeight) this.goTo = row + ROW - clientHeight;
  }

  // The graph larger or smaller; what was in the middle stays there, or what is at this place.
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const before = this.zoomed;
    this.zoomed = Math.max(GRAPH_ZOOM.least, Math.min(GRAPH_ZOOM.most, before * factor));
    const { scroller } = this;
    const to = (scrolled, at) => ((scrolled + at) * this.zoomed) / before - at;
    const [left, top] = [to(scroller.scrollLeft, x), to(scroller.scrollTop, y)];
    this.makeRoom();
    scroller.scrollTo(left, top);
    this.redraw();
  }

  // A graph is moved by dragging it, and zoomed by the wheel with Ctrl.
  pan() {
    const { canvas, scroller } = this;
    let from = null;
    canvas.addEventListener('pointerdown', (event) => {
      if (!this.isGraph || event.button !== 0) return;
      from = { x: event.clientX, y: event.clientY, left: scroller.scrollLeft, top: scroller.scrollTop };
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!from || !event.buttons) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!this.isDragged && Math.hypot(dx, dy) < 4) return;
      if (!this.isDragged) canvas.setPointerCapture(event.pointerId);
      this.isDragged = true;
      scroller.scrollTo(from.left - dx, from.top - dy);
    });
    const end = () => {
      from = null;
      // The click that ends a drag chooses nothing.
      setTimeout(() => (this.isDragged = false));
    };
    canvas.addEventListener('pointerup', end);
    canvas.addEventListener('pointercancel', end);
    canvas.addEventListener('wheel', (event) => {
      if (!this.isGraph || !event.ctrlKey) return;
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      this.zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
  }

  // Where a view begins: its first frames, or those of the zoom.
  toBeginning() {
    if (!(this.isRows || this.isGraph) || this.nothing()) return;
    // Not of the scroller: that has no height while there is nothing to draw.
    const { clientWidth, clientHeight } = document.getElementById('chart');
    if (this.isGraph) {
      this.zoomed = Graph.fitting(this.graph, clientWidth, clientHeight);
      this.goToNode = [1, true];
    } else if (this.kind === 'sandwich') this.goTo = Math.max(0, (this.upper.maxDepth - 1) * ROW - clientHeight / 2);
    else {
      const row = Icicle.rowOf(this, this.root);
      this.goTo = this.isFlame ? Math.max(0, row + 3 * ROW - clientHeight) : Math.max(0, row - 2 * ROW);
    }
  }
}
