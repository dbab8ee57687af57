// The functions, sorted and filtered; only the rows that are to be seen are made.

const ROW_HEIGHT = 24;

class Table {
  constructor(model, words, app) {
    Object.assign(this, { model, words, app });
    this.scroller = document.getElementById('rows');
    this.body = document.getElementById('body');
    this.above = document.getElementById('above');
    this.below = document.getElementById('below');
    this.columns = this.makeColumns();
    this.order = new Int32Array(0);
    this.makeHead();
    this.pending = false;
    this.scroller.addEventListener('scroll', () => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.scroller);
    this.scroller.addEventListener('keydown', (event) => this.key(event));
    this.body.addEventListener('click', (event) => {
      const row = event.target.closest('tr');
      if (row) this.app.choose(Number(row.dataset.fn), -1);
    });
  }

  makeColumns() {
    const { model, words } = this;
    const { about, before, after } = model;
    const total = about.widths[1];
    const number = (key, title, hint, value, text, share) => ({ key, title, hint, value, text, share, isNumber: true });
    const amounts = (numbers, key) => (fn) => numbers[key][fn];
    const change = (key) => (fn) => after[key][fn] - before[key][fn];
    const own = amounts(after, 'own');
    const cumulative = amounts(after, 'cumulative');
    const what = words.isTime ? '' : ' samples';
    const unit = words.isTime ? ', seconds' : '';
    const columns = [];
    const calls = (fn) => words.calls(after.total[fn], after.primitive[fn]);
    const callsTitle = about.counts === 'samples' ? 'samples' : 'calls';
    const callsHint = about.counts === 'samples' ? 'Samples with it on the stack / on top' : 'Calls / of these not made by recursion';
    if (about.counts !== 'nothing') columns.push(number('calls', callsTitle, callsHint, amounts(after, 'total'), calls));
    if (about.comparison) {
      if (about.counts !== 'nothing') {
        const more = (fn) => (change('total')(fn) > 0 ? '+' : '') + grouped(change('total')(fn));
        columns.push(number('dcalls', 'change', 'Change of calls', change('total'), more));
      }
      columns.push(
        number('own', `own${what}`, `In the function alone, after${unit}`, own, (fn) => words.column(own(fn))),
        number('down', 'change', 'Change of own', change('own'), (fn) => words.change(change('own')(fn)), change('own')),
        number('cum', `cumulative${what}`, `With all it called, after${unit}`, cumulative, (fn) => words.column(cumulative(fn))),
        number('dcum', 'change', 'Change of cumulative', change('cumulative'),
          (fn) => words.change(change('cumulative')(fn)), change('cumulative')),
      );
    } else {
      // As pstats: own by all calls, cumulative by those that are no recursion.
      const ownCall = (fn) => after.total[fn] > 0 ? own(fn) / after.total[fn] : 0;
      const cumulativeCall = (fn) => after.primitive[fn] > 0 ? cumulative(fn) / after.primitive[fn] : 0;
      const hasCalls = about.counts === 'calls';
      columns.push(
        number('own', `own${what}`, `In the function alone${unit}`, own, (fn) => words.column(own(fn))),
        number('ownp', '%', 'Own, of all', own, (fn) => percent(own(fn), total), (fn) => own(fn) / total),
      );
      if (hasCalls) columns.push(number('ownc', 'per call', 'Own, per call', ownCall, (fn) => duration(ownCall(fn))));
      columns.push(
        number('cum', `cumulative${what}`, `In the function and all it called${unit}`, cumulative,
          (fn) => words.column(cumulative(fn))),
        number('cump', '%', 'Cumulative, of all', cumulative, (fn) => percent(cumulative(fn), total),
          (fn) => cumulative(fn) / total),
      );
      if (hasCalls) {
        columns.push(number('cumc', 'per call', 'Cumulative, per call that is no recursion', cumulativeCall,
          (fn) => duration(cumulativeCall(fn))));
      }
    }
    columns.push({ key: 'name', title: 'function', hint: 'Name (file:line)', text: (fn) => words.label(fn), isNumber: false });
    return columns;
  }

  makeHead() {
    const cells = this.columns.map((column) => {
      const sort = element('button', { type: 'button', title: column.hint, onclick: () => this.app.sortBy(column.key) },
        column.title);
      return element('th', { scope: 'col', class: column.isNumber ? 'number' : 'name', 'data-key': column.key }, sort);
    });
    document.getElementById('columns').replaceChildren(...cells);
    const [above, below] = [this.above, this.below].map((part) => {
      const cell = element('td', { colspan: this.columns.length });
      part.replaceChildren(element('tr', {}, cell));
      return cell;
    });
    this.spaceAbove = above;
    this.spaceBelow = below;
  }

  // Puts the functions that are wanted in order.
  sort() {
    const { model, app } = this;
    const { state, found, kept } = app;
    const wanted = [];
    for (let fn = 0; fn < model.listed; fn++) {
      if ((!found || found[fn]) && (!kept || kept[fn])) wanted.push(fn);
    }
    const column = this.columns.find((column) => column.key === state.sort) || this.columns.find((column) => column.key === 'own');
    this.sorted = column;
    const order = Int32Array.from(wanted);
    const direction = state.up ? 1 : -1;
    if (column.isNumber) {
      const isChange = column.key[0] === 'd';
      const values = new Float64Array(model.count);
      // What changed most comes first, grown or shrunk; upwards what shrank most.
      for (const fn of order) values[fn] = isChange && !state.up ? Math.abs(column.value(fn)) : column.value(fn);
      order.sort((a, b) => (values[a] - values[b]) * direction || a - b);
    } else {
      const names = new Map(wanted.map((fn) => [fn, this.words.label(fn)]));
      const compare = (a, b) => (names.get(a) < names.get(b) ? -1 : names.get(a) > names.get(b) ? 1 : a - b);
      order.sort((a, b) => compare(a, b) * direction);
    }
    this.order = order;
    for (const cell of document.querySelectorAll('#columns th')) {
      const isSorted = cell.dataset.key === column.key;
      cell.setAttribute('aria-sort', isSorted ? (state.up ? 'ascending' : 'descending') : 'none');
    }
    this.setWidths();
    document.getElementById('table').setAttribute('aria-rowcount', String(order.length + 1));
    this.redraw();
  }

  // Widths that stay while rows come and go: as wide as the longest text among some of the rows, the first and those
  // with the largest numbers among them.
  setWidths() {
    const { order } = this;
    const step = Math.max(1, Math.floor(order.length / 400));
    // What is left is the name's, but never less than this; then the table scrolls.
    let sum = 260;
    this.columns.forEach((column, place) => {
      const cell = document.getElementById('columns').children[place];
      if (!column.isNumber) return;
      let longest = column.title.length + 3;
      let most = -1;
      for (const fn of order) if (most < 0 || column.value(fn) > column.value(most)) most = fn;
      if (most >= 0) longest = Math.max(longest, column.text(most).length);
      for (let at = 0; at < order.length; at += at < 100 ? 1 : step) {
        longest = Math.max(longest, column.text(order[at]).length);
      }
      const least = column.share && column.key[0] !== 'd' ? 78 : 0;
      const width = Math.max(least, Math.round(longest * 7.3) + 22);
      cell.style.width = `${width}px`;
      sum += width;
    });
    document.getElementById('table').style.minWidth = `${sum}px`;
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
    const { order, scroller, body } = this;
    if (this.goTo !== undefined) {
      this.space(order.length * ROW_HEIGHT, 0);
      const top = this.goTo * ROW_HEIGHT;
      // The head covers one row.
      const room = scroller.clientHeight - 2 * ROW_HEIGHT;
      const isNear = Math.abs(top - scroller.scrollTop - room / 2) < room;
      if (top < scroller.scrollTop || top > scroller.scrollTop + room - ROW_HEIGHT) {
        // One row on with the keys scrolls by as little as needed; a jump puts the row in the middle.
        const least = top < scroller.scrollTop ? top : top - room + ROW_HEIGHT;
        scroller.scrollTop = isNear ? least : top - room / 2;
      }
      this.goTo = undefined;
    }
    const first = Math.max(0, Math.min(Math.floor(scroller.scrollTop / ROW_HEIGHT) - 2, order.length));
    const last = Math.min(order.length, first + Math.ceil(scroller.clientHeight / ROW_HEIGHT) + 5);
    while (body.children.length > last - first) body.lastChild.remove();
    while (body.children.length < last - first) body.append(this.makeRow());
    for (let at = first; at < last; at++) this.fill(body.children[at - first], order[at], at);
    this.space(first * ROW_HEIGHT, (order.length - last) * ROW_HEIGHT);
  }

  space(above, below) {
    for (const [part, cell, height] of [[this.above, this.spaceAbove, above], [this.below, this.spaceBelow, below]]) {
      part.hidden = height === 0;
      cell.style.height = `${height}px`;
    }
  }

  makeRow() {
    const cells = this.columns.map((column) => element('td', { class: column.isNumber ? 'number' : 'name' }));
    return element('tr', {}, ...cells);
  }

  fill(row, fn, at) {
    const { state, found } = this.app;
    const isChosen = fn === state.fn;
    row.dataset.fn = fn;
    row.setAttribute('aria-rowindex', String(at + 2));
    if (isChosen) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
    row.classList.toggle('chosen', isChosen);
    row.classList.toggle('odd', at % 2 === 1);
    row.classList.toggle('found', Boolean(found));
    this.columns.forEach((column, place) => {
      const cell = row.children[place];
      if (column.isNumber) {
        cell.textContent = column.text(fn);
        if (column.share && column.key[0] !== 'd') {
          cell.classList.add('share');
          cell.style.setProperty('--share', `${Math.max(0, Math.min(1, column.share(fn))) * 100}%`);
        } else if (column.share) {
          const change = column.share(fn);
          cell.classList.toggle('grew', change > 0);
          cell.classList.toggle('shrank', change < 0);
        }
      } else this.fillName(cell, fn);
    });
  }

  fillName(cell, fn) {
    const { model, words, app } = this;
    const dot = element('i', { class: 'dot', 'aria-hidden': 'true' });
    dot.style.background = app.colors.module(fn, true);
    const parts = [dot, element('b', {}, words.name(fn))];
    const place = words.place(fn);
    if (place) parts.push(element('span', {}, place));
    if (model.about.comparison) {
      if (!model.before.has[fn]) parts.push(element('em', { class: 'grew' }, 'new'));
      else if (!model.after.has[fn]) parts.push(element('em', { class: 'shrank' }, 'gone'));
    }
    cell.replaceChildren(...parts);
    cell.title = `${words.name(fn)} ${words.path(fn)}`.trim();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.scroller) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW_HEIGHT) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || !this.order.length) return;
    event.preventDefault();
    event.stopPropagation();
    const now = this.order.indexOf(this.app.state.fn);
    const next = now < 0 ? 0 : Math.max(0, Math.min(this.order.length - 1, now + step));
    this.app.choose(this.order[next], -1, true);
  }

  // Scrolls to a function, if it is in the list.
  reveal(fn) {
    const at = this.order.indexOf(fn);
    if (at >= 0) this.goTo = at;
    this.redraw();
  }
}
