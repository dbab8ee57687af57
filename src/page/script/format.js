// Numbers and names as they are read.

function grouped(count) {
  const text = String(Math.round(Math.abs(count)));
  return (count < 0 ? '\u2212' : '') + text.replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function counted(count, thing) {
  return `${grouped(count)} ${thing}${count === 1 ? '' : 's'}`;
}

// Three digits in the unit that fits: 1.23 s, 45.6 ms.
function duration(nanoseconds) {
  const size = Math.abs(nanoseconds);
  const sign = nanoseconds < 0 ? '\u2212' : '';
  const units = [[1e9, 's'], [1e6, 'ms'], [1e3, '\u00b5s'], [1, 'ns']];
  const [factor, unit] = units.find(([factor]) => size >= factor) || [1, 'ns'];
  const value = size / factor;
  const digits = unit === 'ns' ? 0 : unit === 's' ? 3 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${sign}${value.toFixed(digits)} ${unit}`;
}

function percent(part, whole) {
  if (!(whole > 0)) return '';
  const share = (part / whole) * 100;
  if (Math.abs(share) < 0.005) return '0%';
  const digits = Math.abs(share) >= 99.95 ? 0 : Math.abs(share) < 0.1 ? 2 : 1;
  return `${share < 0 ? '\u2212' : ''}${Math.abs(share).toFixed(digits)}%`;
}

// Words of one page: they depend on its unit.
class Words {
  constructor(model) {
    this.model = model;
    this.isTime = model.about.unit === 'ns';
    // The same digits in a whole column, as in pstats; more where all is short.
    this.digits = model.about.widths[1] >= 1e9 ? 3 : 6;
  }

  amount(weight) {
    return this.isTime ? duration(weight) : `${grouped(weight)} ${weight === 1 ? 'sample' : 'samples'}`;
  }

  column(weight) {
    if (!this.isTime) return grouped(weight);
    const text = (Math.abs(weight) / 1e9).toFixed(this.digits);
    return (weight < 0 && Number(text) !== 0 ? '\u2212' : '') + text;
  }

  change(weight) {
    const text = this.column(weight);
    return weight > 0 && /[1-9]/.test(text) ? `+${text}` : text;
  }

  calls(total, primitive) {
    return total === primitive ? grouped(total) : `${grouped(total)}/${grouped(primitive)}`;
  }

  name(fn) {
    const { texts, name, count, groups } = this.model;
    if (fn >= count) return groups[fn - count];
    return fn < 0 ? 'all' : texts[name[fn]];
  }

  place(fn) {
    const { texts, short, file, line, count } = this.model;
    if (fn < 0 || fn >= count || !file[fn]) return '';
    return line[fn] ? `${texts[short[fn]]}:${line[fn]}` : texts[short[fn]];
  }

  path(fn) {
    const { texts, file, line, count } = this.model;
    if (fn < 0 || fn >= count || !file[fn]) return '';
    return line[fn] ? `${texts[file[fn] - 1]}:${line[fn]}` : texts[file[fn] - 1];
  }

  label(fn, mark = MARK.exact) {
    const place = this.place(fn);
    const sign = mark === MARK.estimate ? ' ~' : mark === MARK.recursion ? ' \u21bb' : '';
    return (place ? `${this.name(fn)} (${place})` : this.name(fn)) + sign;
  }
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'class') made.className = value;
    else if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
