// What moves in report.html: charts, filters, opening the section that a link names, copying a command.
// It runs in the reader's browser as it is, so it is plain script; without it the page still reads.
(() => {
  const uPlot = /** @type {any} */ (globalThis).uPlot;
  const result = JSON.parse(document.getElementById('result').textContent);
  const data = result.cells.map(chartCell);
  const drawn = new Map();
  const sectionHeights = {
    latency: 190,
    operations: 190,
    throughput: 140,
    hits: 110,
    database: 110,
    queue: 110,
    lag: 110,
    cpu: 140,
    memory: 140,
  };
  const axisWidth = 62;

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /** A cell as charts have it: in seconds, since that is what the axis says, and per second. */
  function chartCell(cell) {
    const { timeline } = cell;
    if (timeline.ok.length === 0) return null;
    const { bucketMs, fromMs } = timeline;
    const toMs = Math.max(fromMs + bucketMs * timeline.ok.length, ...cell.phases.map((one) => one.toMs), 0);
    const perSecond = (values) => values.map((n) => (n * 1000) / bucketMs);
    return {
      ...timeline,
      ok: perSecond(timeline.ok),
      fail: perSecond(timeline.fail),
      info: perSecond(timeline.info),
      bucketS: bucketMs / 1000,
      fromS: fromMs / 1000,
      toS: toMs / 1000,
      faults: cell.faults.map((one) => ({
        from: one.fromMs / 1000,
        to: (one.toMs ?? toMs) / 1000,
        label: one.nemesis,
      })),
      leaders: cell.leaders.map((one, i) => ({
        from: one.atMs / 1000,
        to: (cell.leaders[i + 1]?.atMs ?? toMs) / 1000,
        leader: one.leader,
        term: one.term,
      })),
      sample: cell.sample,
    };
  }

  const seconds = (s) => `${Number(s.toFixed(2))} s`;
  const figure = (n) =>
    n == null
      ? '–'
      : n >= 100
        ? Math.round(n).toLocaleString('en-US')
        : String(Number(n.toPrecision(n < 10 ? 2 : 3)));
  const milliseconds = (n) => (n == null ? '–' : n >= 1000 ? `${figure(n / 1000)} s` : `${figure(n)} ms`);

  /** Fault windows under the series, leader changes as lines over them: the same in every chart of a cell. */
  function marks(cell) {
    const within = (u, s) =>
      Math.max(u.bbox.left, Math.min(u.bbox.left + u.bbox.width, u.valToPos(s, 'x', true)));
    return {
      drawClear: [
        (u) => {
          const { ctx, bbox } = u;
          ctx.save();
          for (const fault of cell.faults) {
            const from = within(u, fault.from);
            const to = within(u, fault.to);
            ctx.fillStyle = color('fault');
            ctx.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
          }
          ctx.restore();
        },
      ],
      draw: [
        (u) => {
          const { ctx, bbox } = u;
          ctx.save();
          ctx.lineWidth = devicePixelRatio;
          for (const [i, change] of cell.leaders.entries()) {
            if (i === 0 || change.from < u.scales.x.min || change.from > u.scales.x.max) continue;
            const x = Math.round(u.valToPos(change.from, 'x', true)) + 0.5;
            ctx.strokeStyle = color(change.leader === null ? 'unknown' : 'accent');
            ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
          }
          ctx.restore();
        },
      ],
    };
  }

  function withDraw(hooks, draw) {
    return draw === undefined ? hooks : { ...hooks, draw: [draw, ...hooks.draw] };
  }

  /** Faults and leaders as bars on the same time axis. */
  function laneHooks(cell, rows) {
    const height = 22;
    return {
      draw: [
        (u) => {
          const { ctx, bbox } = u;
          const r = devicePixelRatio;
          ctx.save();
          ctx.textBaseline = 'middle';
          ctx.font = `${12 * r}px system-ui, sans-serif`;
          const bar = (row, from, to, fill, text, edge) => {
            const left = Math.max(bbox.left, u.valToPos(from, 'x', true));
            const right = Math.min(bbox.left + bbox.width, u.valToPos(to, 'x', true));
            if (right <= left) return;
            const top = bbox.top + row * height * r + 2 * r;
            ctx.fillStyle = fill;
            ctx.fillRect(left, top, Math.max(2 * r, right - left), (height - 4) * r);
            ctx.fillStyle = edge;
            ctx.fillRect(left, top, 2 * r, (height - 4) * r);
            ctx.fillStyle = color('ink');
            ctx.textAlign = 'left';
            if (ctx.measureText(text).width + 12 * r < right - left)
              ctx.fillText(text, left + 7 * r, top + ((height - 4) * r) / 2 + r / 2);
          };
          for (const fault of rows.faults)
            bar(fault.row, fault.from, fault.to, color('fault-edge'), fault.label, color('broken'));
          for (const one of cell.leaders) {
            const edge = color(one.leader === null ? 'unknown' : 'accent');
            bar(
              rows.leader,
              one.from,
              one.to,
              `${edge}2e`,
              one.leader === null ? 'no leader' : `${one.leader} · term ${one.term}`,
              edge,
            );
          }
          ctx.fillStyle = color('dim');
          ctx.textAlign = 'right';
          const label = (row, text) =>
            ctx.fillText(text, bbox.left - 8 * r, bbox.top + (row + 0.5) * height * r);
          if (rows.faults.length > 0) label(0, 'faults');
          if (cell.leaders.length > 0) label(rows.leader, 'leader');
          ctx.restore();
        },
      ],
    };
  }

  /** Faults that overlap get rows of their own, up to four. */
  function laneRows(cell) {
    const ends = [];
    const faults = cell.faults.map((fault) => {
      let row = ends.findIndex((end) => end <= fault.from);
      if (row < 0) row = Math.min(ends.length, 3);
      ends[row] = Math.max(ends[row] ?? 0, fault.to);
      return { ...fault, row };
    });
    return { faults, leader: ends.length, count: ends.length + (cell.leaders.length > 0 ? 1 : 0) };
  }

  function base(cell, key, width, height, last) {
    const text = color('dim');
    return {
      width,
      height: height + (last ? 30 : 0),
      padding: [6, 16, last ? 0 : 4, 0],
      scales: { x: { time: false, min: cell.fromS, max: cell.toS } },
      cursor: {
        sync: { key, setSeries: false },
        drag: { x: true, y: false },
        points: { size: 6 },
        y: false,
        dataIdx: (u, series, at) => (u.series[series].spanGaps ? nearest(u.data[series], at) : at),
      },
      legend: { live: true },
      axes: [
        {
          show: true,
          size: last ? 30 : 0,
          stroke: text,
          font: '12px system-ui, sans-serif',
          grid: { stroke: color('line'), width: 1 },
          ticks: { show: last, stroke: color('line'), width: 1, size: 4 },
          values: (_, splits) => splits.map((s) => (last ? seconds(s) : '')),
        },
      ],
    };
  }

  /** Between two measurements the cursor shows the nearer one. */
  function nearest(values, at) {
    for (let off = 0; off < values.length; off++) {
      if (values[at - off] != null) return at - off;
      if (values[at + off] != null) return at + off;
    }
    return at;
  }

  function yAxis(options) {
    return {
      size: axisWidth,
      stroke: color('dim'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: color('line'), width: 1 },
      ticks: { show: false },
      ...options,
    };
  }

  const timeSeries = { label: 'at', value: (_, s) => (s == null ? '' : seconds(s)) };

  function line(label, stroke, value, more) {
    return {
      label,
      stroke: color(stroke),
      width: 1.6,
      // Without a cursor there is no value to tell; under it a missing one is told as such.
      value: (_u, n, _s, i) => (i == null ? '' : value(n)),
      points: { show: false },
      ...more,
    };
  }

  /** A single bucket between gaps has no line to be part of, so it is shown as a dot. */
  function lonePoints(values) {
    const lone = [];
    for (let i = 0; i < values.length; i++)
      if (values[i] != null && values[i - 1] == null && values[i + 1] == null) lone.push(i);
    return lone.length === 0 ? { show: false } : { show: true, size: 4, filter: () => lone };
  }

  function latencyChart(cell, x) {
    const all = [...cell.p50Ms, ...cell.p99Ms].filter((n) => n != null && n > 0);
    if (all.length === 0) return null;
    const low = all.reduce((a, b) => Math.min(a, b), Infinity);
    const high = all.reduce((a, b) => Math.max(a, b), 0);
    // Milliseconds before a fault and seconds in it are both worth seeing, which a linear axis cannot show.
    const log = high / low > 20;
    const from = 10 ** Math.floor(Math.log10(low));
    const to = 10 ** Math.ceil(Math.log10(high * 1.0001));
    const decades = [];
    for (let n = from; n <= to * 1.001; n *= 10) decades.push(n);
    return {
      name: 'latency',
      title: `Latency of what ended ok, from when it was due${log ? ' (log)' : ''}`,
      data: [x, cell.p50Ms.map((n) => (n > 0 ? n : null)), cell.p99Ms.map((n) => (n > 0 ? n : null))],
      options: {
        scale: log ? { distr: 3, range: [from, to] } : { range: [0, high * 1.1] },
        axis: yAxis({
          values: (_, splits) => splits.map(milliseconds),
          ...(log ? { splits: () => decades, filter: (_, splits) => splits } : {}),
        }),
        series: [
          line('p50', 'p50', milliseconds, { points: lonePoints(cell.p50Ms) }),
          line('p99', 'p99', milliseconds, { points: lonePoints(cell.p99Ms) }),
        ],
      },
    };
  }

  /** A dot for each operation, by when it was due and how long it took, in the colour of its outcome. */
  function operationsChart(cell, x) {
    const { sample } = cell;
    if (!sample || sample.atMs.length === 0) return null;
    const low = sample.ms.reduce((a, b) => Math.min(a, b), Infinity);
    const high = sample.ms.reduce((a, b) => Math.max(a, b), 0);
    const from = 10 ** Math.floor(Math.log10(Math.max(0.01, low)));
    const to = 10 ** Math.ceil(Math.log10(Math.max(0.1, high) * 1.0001));
    const decades = [];
    for (let n = from; n <= to * 1.001; n *= 10) decades.push(n);
    const { of, shown } = sample;
    const all = of.ok + of.fail + of.info;
    const seen = shown.ok + shown.fail + shown.info;
    const which =
      seen === all
        ? `all ${all.toLocaleString('en-US')}`
        : `${seen.toLocaleString('en-US')} of ${all.toLocaleString('en-US')}${shown.fail === of.fail && shown.info === of.info ? ', all that did not end ok among them' : ''}`;
    const letters = { o: 'ok', f: 'fail', i: 'info' };
    const dots = (u) => {
      const { ctx, bbox } = u;
      const size = (sample.atMs.length > 3000 ? 1.6 : 2.4) * devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      // What went wrong is drawn last: it must not be covered by what went well.
      for (const letter of 'ofi') {
        ctx.fillStyle = color(letters[letter]);
        ctx.globalAlpha = letter === 'o' ? 0.45 : 0.95;
        for (let i = 0; i < sample.atMs.length; i++) {
          if (sample.outcomes[i] !== letter) continue;
          const left = u.valToPos(sample.atMs[i] / 1000, 'x', true);
          const top = u.valToPos(Math.max(from, sample.ms[i]), 'y', true);
          ctx.fillRect(left - size / 2, top - size / 2, size, size);
        }
      }
      ctx.restore();
    };
    const none = x.map(() => null);
    const dot = (name) => ({ ...line(name, name, () => ''), width: 0 });
    return {
      name: 'operations',
      title: `Single operations: ${which} (log)`,
      data: [x, none, none, none],
      draw: dots,
      options: {
        scale: { distr: 3, range: [from, to] },
        axis: yAxis({
          values: (_, splits) => splits.map(milliseconds),
          splits: () => decades,
          filter: (_, splits) => splits,
        }),
        series: [dot('ok'), dot('fail'), dot('info')],
      },
    };
  }

  /** Stacked: each line is the sum up to its outcome, the area between two lines is one outcome. */
  function throughputChart(cell, x) {
    const upToFail = cell.ok.map((n, i) => n + cell.fail[i]);
    const upToInfo = upToFail.map((n, i) => n + cell.info[i]);
    const own = (values) => (_u, _v, _s, i) => (i == null ? '' : `${figure(values[i])}/s`);
    return {
      name: 'throughput',
      title: 'Operations per second by outcome',
      data: [x, cell.ok, upToFail, upToInfo],
      options: {
        scale: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] },
        axis: yAxis({ values: (_, splits) => splits.map(figure) }),
        series: [
          { ...line('ok', 'ok'), fill: `${color('ok')}44`, value: own(cell.ok) },
          // Areas without outlines: where nothing failed, theirs would lie on the outline of ok and hide it.
          { ...line('fail', 'fail'), width: 0, value: own(cell.fail) },
          { ...line('info', 'info'), width: 0, value: own(cell.info) },
        ],
        bands: [
          { series: [2, 1], fill: `${color('fail')}b0` },
          { series: [3, 2], fill: `${color('info')}b0` },
        ],
      },
    };
  }

  function hitChart(cell, x) {
    if (cell.hitRate.every((n) => n == null)) return null;
    const percent = (n) => (n == null ? '–' : `${(Math.floor(n * 1000) / 10).toFixed(1)} %`);
    const names = ['hit', 'stale', 'coalesced', 'refresh', 'miss'];
    const classes = cell.cacheClasses;
    if (classes) {
      const all = x.map((_, i) => names.reduce((sum, name) => sum + classes[name][i], 0));
      const there = names.filter((name) => classes[name].some((n) => n > 0));
      const shares = (name) => classes[name].map((n, i) => (all[i] === 0 ? null : n / all[i]));
      let below = x.map(() => 0);
      const stacked = there.map((name) => {
        below = below.map((sum, i) => (all[i] === 0 ? null : (sum ?? 0) + classes[name][i] / all[i]));
        return below;
      });
      return {
        name: 'hits',
        title: 'Cache: how reads were answered',
        data: [x, ...stacked],
        options: {
          scale: { range: [0, 1] },
          axis: yAxis({
            splits: () => [0, 0.5, 1],
            values: (_, splits) => splits.map((n) => `${n * 100} %`),
          }),
          series: there.map((name, k) => {
            const own = shares(name);
            return {
              ...line(name, `cache-${name}`, percent, {
                width: k === 0 ? 1.4 : 0,
                value: (_u, _n, _s, i) => (i == null ? '' : percent(own[i])),
              }),
              ...(k === 0 ? { fill: `${color(`cache-${name}`)}88` } : {}),
            };
          }),
          bands: there
            .slice(1)
            .map((name, k) => ({ series: [k + 2, k + 1], fill: `${color(`cache-${name}`)}88` })),
        },
      };
    }
    return {
      name: 'hits',
      title: 'Cache hit rate',
      data: [x, cell.hitRate],
      options: {
        scale: { range: [0, 1] },
        axis: yAxis({ splits: () => [0, 0.5, 1], values: (_, splits) => splits.map((n) => `${n * 100} %`) }),
        series: [
          line('hit rate', 'hit', percent, {
            fill: `${color('hit')}22`,
            points: lonePoints(cell.hitRate),
          }),
        ],
      },
    };
  }

  function databaseChart(cell, x) {
    if (cell.databaseQps.every((n) => n == null)) return null;
    const apart = [
      ['primary', cell.primaryQps],
      ['replica', cell.replicaQps],
    ].filter(([, values]) => values?.some((n) => n != null));
    const shown = apart.length > 0 ? apart : [['queries/s', cell.databaseQps]];
    return {
      name: 'database',
      title: 'Database queries per second',
      data: [x, ...shown.map(([, values]) => values)],
      options: {
        scale: { range: (_, __, max) => [0, Math.max(1, max * 1.15)] },
        axis: yAxis({ values: (_, splits) => splits.map(figure) }),
        // The database is asked less often than the buckets are wide: empty buckets are not outages.
        series: shown.map(([name], k) =>
          line(name, k === 0 ? 'qps' : 'qps-replica', figure, {
            spanGaps: true,
            ...(k === 0 ? { fill: `${color('qps')}22` } : {}),
          }),
        ),
      },
    };
  }

  /** A line for each process that has the gauge; null where none has. */
  function gaugeChart(cell, x, { name, title, what, tell, least }) {
    const lines = (cell.gauges ?? []).filter((one) => one.what === what);
    if (lines.length === 0) return null;
    return {
      name,
      title,
      data: [x, ...lines.map((one) => one.values)],
      options: {
        scale: { range: (_, __, max) => [0, Math.max(least, max * 1.1)] },
        axis: yAxis({ values: (_, splits) => splits.map((n) => tell(n)) }),
        series: lines.map((one, k) =>
          line(one.of, `gauge-${(k % 6) + 1}`, (n) => (n == null ? '–' : tell(n)), {
            ...(k >= 6 ? { dash: [5, 3] } : {}),
            points: lonePoints(one.values),
          }),
        ),
      },
    };
  }

  /** How late the replica is in time, and beside it in bytes: a lag of a second may be one small write. */
  function lagChart(cell, x) {
    const of = (what) => cell.gauges?.find((one) => one.what === what)?.values;
    const [ms, bytes] = [of('replayLagMs'), of('replayLagBytes')];
    if (!ms) return null;
    const size = (n) => (n == null ? '' : n >= 1024 ? `, ${figure(n / 1024)} KiB` : `, ${figure(n)} B`);
    return {
      name: 'lag',
      title: 'Replication lag: how old what the replica shows is, and how much it has yet to replay',
      data: [x, ms],
      options: {
        scale: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] },
        axis: yAxis({ values: (_, splits) => splits.map(milliseconds) }),
        series: [
          line('replica', 'qps-replica', milliseconds, {
            value: (_u, n, _s, i) => (i == null ? '' : `${milliseconds(n)}${size(bytes?.[i])}`),
            fill: `${color('qps-replica')}22`,
            points: lonePoints(ms),
          }),
        ],
      },
    };
  }

  /** Of one core, and whole cores where there are more: 250 %. */
  const ofACore = (n) => `${figure(n * 100)} %`;

  function draw(holder) {
    const cell = data[holder.dataset.charts];
    if (!uPlot || !cell) return;
    for (const plot of drawn.get(holder) ?? []) plot.destroy();
    holder.replaceChildren();
    const key = `cell-${holder.dataset.charts}`;
    const width = Math.max(240, holder.clientWidth);
    const x = cell.ok.map((_, i) => cell.fromS + (i + 0.5) * cell.bucketS);
    const charts = [
      latencyChart(cell, x),
      operationsChart(cell, x),
      throughputChart(cell, x),
      hitChart(cell, x),
      databaseChart(cell, x),
      gaugeChart(cell, x, {
        name: 'queue',
        title: 'Acknowledged writes that wait in the queue of an instance',
        what: 'queuedWrites',
        tell: figure,
        least: 1,
      }),
      lagChart(cell, x),
      gaugeChart(cell, x, {
        name: 'cpu',
        title: 'CPU of each process, % of one core',
        what: 'cpuCores',
        tell: ofACore,
        least: 0.1,
      }),
      gaugeChart(cell, x, {
        name: 'memory',
        title: 'Memory of each process',
        what: 'memoryMiB',
        tell: (n) => `${figure(n)} MiB`,
        least: 10,
      }),
    ].filter((chart) => chart !== null);
    const plots = [];
    const place = (title) => {
      const figureElement = document.createElement('div');
      figureElement.className = 'chart';
      const head = document.createElement('div');
      head.className = 'chart-head';
      if (title) {
        const name = document.createElement('span');
        name.className = 'chart-title';
        name.textContent = title;
        head.append(name);
        figureElement.append(head);
      }
      holder.append(figureElement);
      return { figureElement, head };
    };
    const rows = laneRows(cell);
    if (rows.count > 0) {
      const options = base(cell, key, width, rows.count * 22 + 8, false);
      const { figureElement } = place('');
      plots.push(
        new uPlot(
          {
            ...options,
            padding: [2, 16, 2, 0],
            legend: { show: false },
            axes: [
              { ...options.axes[0], grid: { show: false } },
              yAxis({ grid: { show: false }, values: (_, splits) => splits.map(() => '') }),
            ],
            scales: { ...options.scales, y: { range: [0, 1] } },
            series: [timeSeries, { show: true, stroke: 'transparent', points: { show: false } }],
            hooks: laneHooks(cell, rows),
          },
          [x, x.map(() => null)],
          figureElement,
        ),
      );
    }
    charts.forEach((chart, i) => {
      const last = i === charts.length - 1;
      const options = base(cell, key, width, sectionHeights[chart.name], last);
      const { figureElement, head } = place(chart.title);
      plots.push(
        new uPlot(
          {
            ...options,
            scales: { ...options.scales, y: chart.options.scale },
            axes: [options.axes[0], chart.options.axis],
            series: [timeSeries, ...chart.options.series],
            bands: chart.options.bands ?? [],
            hooks: withDraw(marks(cell), chart.draw),
            legend: {
              live: true,
              mount: (_, table) => head.append(table),
              markers: { width: 0, fill: (u, i) => u.series[i].stroke(u, i) },
            },
          },
          chart.data,
          figureElement,
        ),
      );
    });
    drawn.set(holder, plots);
    holder.dataset.width = String(width);
  }

  /** Left and right move the cursor of all charts of a cell, Home and End go to its ends, Escape lets go. */
  function moveCursor(holder, event) {
    const plot = drawn.get(holder)?.at(-1);
    if (!plot) return;
    const count = plot.data[0].length;
    const at = plot.cursor.idx ?? -1;
    const step = event.shiftKey ? 10 : 1;
    const to = {
      ArrowLeft: Math.max(0, at - step),
      ArrowRight: Math.min(count - 1, at + step),
      Home: 0,
      End: count - 1,
    }[event.key];
    if (to === undefined && event.key !== 'Escape') return;
    // A cursor that is set, unlike one that is moved, is not passed on to the other charts.
    for (const one of drawn.get(holder))
      one.setCursor({
        left: to === undefined ? -10 : one.valToPos(one.data[0][to], 'x'),
        top: to === undefined ? -10 : 10,
      });
    event.preventDefault();
  }

  function drawOpen() {
    for (const holder of document.querySelectorAll('[data-charts]')) {
      const open = holder.closest('details')?.open ?? true;
      if (
        open &&
        holder.clientWidth > 0 &&
        holder.dataset.width !== String(Math.max(240, holder.clientWidth))
      )
        draw(holder);
    }
  }

  const cells = [...document.querySelectorAll('details.cell')];
  for (const cell of cells) cell.addEventListener('toggle', drawOpen);
  for (const holder of document.querySelectorAll('[data-charts]'))
    holder.addEventListener('keydown', (event) => moveCursor(holder, event));
  let resizing = 0;
  addEventListener('resize', () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(drawOpen);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const holder of drawn.keys()) draw(holder);
  });
  addEventListener('beforeprint', () => {
    for (const cell of cells) cell.open = true;
    drawOpen();
  });

  function openNamed() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const cell = target?.closest('details.cell');
    if (!cell) return;
    cell.hidden = false;
    cell.open = true;
    target.scrollIntoView();
  }
  addEventListener('hashchange', openNamed);
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    // The hash does not change when the same link is followed twice.
    if (link && link.hash === location.hash) openNamed();
  });

  for (const button of document.querySelectorAll('[data-filter]'))
    button.addEventListener('click', () => {
      for (const other of document.querySelectorAll('[data-filter]'))
        other.setAttribute('aria-pressed', String(other === button));
      const wanted = button.dataset.filter;
      for (const cell of cells) cell.hidden = wanted !== 'all' && cell.dataset.state !== wanted;
      drawOpen();
    });
  for (const button of document.querySelectorAll('[data-fold]'))
    button.addEventListener('click', () => {
      for (const cell of cells) if (!cell.hidden) cell.open = button.dataset.fold === 'open';
    });

  for (const button of document.querySelectorAll('[data-copy]')) {
    // Read once: a second click while it says Copied must not make that its name.
    const said = button.textContent;
    button.addEventListener('click', async () => {
      const text = button.parentElement.querySelector('code').textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = 'Copied';
      } catch {
        // A page opened from a file may not use the clipboard: the text is selected instead.
        getSelection().selectAllChildren(button.parentElement.querySelector('code'));
        button.textContent = 'Selected';
      }
      setTimeout(() => {
        button.textContent = said;
      }, 1500);
    });
  }
  for (const button of document.querySelectorAll('[data-save]'))
    button.addEventListener('click', () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(
        new Blob([JSON.stringify(result, null, 1)], { type: 'application/json' }),
      );
      link.download = 'result.json';
      link.click();
      URL.revokeObjectURL(link.href);
    });
  for (const part of document.querySelectorAll('[data-script]')) part.hidden = false;

  openNamed();
  drawOpen();
})();
