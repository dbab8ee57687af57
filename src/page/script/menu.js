// What can be done with a function, at the pointer: in charts, in the table and in the lists of callers and callees.

class Menu {
  constructor(model, words, app) {
    Object.assign(this, { model, words, app });
    this.box = document.getElementById('menu');
    this.box.addEventListener('keydown', (event) => this.key(event));
    this.box.addEventListener('focusout', (event) => {
      if (!this.box.contains(event.relatedTarget)) this.close();
    });
    window.addEventListener('blur', () => this.close());
    app.chart.canvas.addEventListener('contextmenu', (event) => this.ofChart(event));
    for (const id of ['rows', 'detail']) {
      document.getElementById(id).addEventListener('contextmenu', (event) => {
        const place = event.target.closest('[data-fn]');
        if (place) this.open(event, Number(place.dataset.fn), -1);
        else this.byKey(event);
      });
    }
  }

  ofChart(event) {
    const { chart } = this.app;
    if (chart.nothing()) return;
    const node = chart.at(event);
    const tree = chart.hitTree;
    if (node >= 0) this.open(event, tree.fn[node] < this.model.count ? tree.fn[node] : -1, tree === chart.tree ? node : -1);
    else this.byKey(event);
  }

  // A key means the chosen function, wherever the pointer is.
  byKey(event) {
    if (event.button !== 2) this.open(event, this.app.state.fn, -1);
  }

  actions(fn, node) {
    const { model, words, app } = this;
    const { state } = app;
    const list = [];
    if (node > 0 && zoomsIn(state.view)) list.push(['Zoom to this frame', () => app.zoom(node, fn, node)]);
    if (fn < 0) return list;
    const show = (view) => () => {
      app.go({ view, fn, node: -1 });
      app.table.reveal(fn);
    };
    list.push(['All its callers and callees (Sandwich)', show('sandwich')], ['Its call graph', show('graph')]);
    if (model.kind[fn] !== KIND.synthetic) {
      const module = model.texts[model.packageText[fn]];
      if (module) list.push([`Only module ${module}`, () => app.go({ only: `m${model.packageText[fn]}` })]);
      if (model.file[fn]) list.push([`Only file ${model.texts[model.short[fn]]}`, () => app.go({ only: `f${model.file[fn]}` })]);
    }
    list.push(['Search for this name', () => app.go({ q: words.name(fn) })]);
    list.push(['Copy name', () => this.copy(words.name(fn))]);
    if (words.path(fn)) list.push(['Copy file and line', () => this.copy(words.path(fn))]);
    return list;
  }

  open(event, fn, node) {
    const actions = this.actions(fn, node);
    if (!actions.length) return;
    event.preventDefault();
    const items = actions.map(([text, act]) => element('button', {
      type: 'button',
      role: 'menuitem',
      tabindex: '-1',
      onclick: () => {
        this.close();
        act();
      },
    }, text));
    const { box } = this;
    this.before = document.activeElement;
    this.app.chart.leave();
    box.replaceChildren(...items);
    box.setAttribute('aria-label', fn < 0 ? 'Frame' : this.words.label(fn));
    box.hidden = false;
    const { clientWidth, clientHeight } = document.documentElement;
    box.style.left = `${Math.max(0, Math.min(event.clientX, clientWidth - box.offsetWidth - 4))}px`;
    box.style.top = `${Math.max(0, Math.min(event.clientY, clientHeight - box.offsetHeight - 4))}px`;
    items[0].focus();
  }

  close() {
    if (this.box.hidden) return;
    const hadFocus = this.box.contains(document.activeElement);
    this.box.hidden = true;
    if (hadFocus) this.before?.focus();
  }

  key(event) {
    const items = [...this.box.children];
    const now = items.indexOf(document.activeElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[(to + items.length) % items.length].focus();
    else if (event.key === 'Escape' || event.key === 'Tab') this.close();
    else if (event.key === 'Enter' || event.key === ' ') document.activeElement.click();
    event.preventDefault();
    event.stopPropagation();
  }

  async copy(text) {
    const told = (what) => (document.getElementById('status').textContent = what);
    try {
      await navigator.clipboard.writeText(text);
      told(`Copied: ${text}`);
    } catch (error) {
      told(`The browser does not let the page copy (${error.message}); it is: ${text}`);
    }
  }
}
