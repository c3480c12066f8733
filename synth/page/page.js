// SPDX-License-Identifier: Apache-2.0
// Draws the charts of a page from the data in it, with D3.
'use strict';
(() => {
  const charts = JSON.parse(document.getElementById('charts').textContent);
  const tip = document.getElementById('tip');
  const width = 1118;
  const color = (index) => `var(--c${index % 8})`;
  const exact = d3.format(',.12~g');
  const short = d3.format('.3~s');

  function pointed(selection, text) {
    selection.on('mousemove', (d) => {
      tip.textContent = text(d);
      tip.hidden = false;
      tip.style.left = `${Math.min(d3.event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.min(d3.event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
    }).on('mouseleave', () => { tip.hidden = true; });
  }

  function drawing(figure, height, label) {
    return figure.append('svg').attr('viewBox', `0 0 ${width} ${height}`).attr('role', 'img').attr('aria-label', label);
  }

  function legend(figure, names) {
    const items = figure.append('div').attr('class', 'legend').selectAll('span').data(names).enter().append('span');
    items.append('i').style('background', (d, i) => color(i));
    items.append('span').text((d) => d);
  }

  function fitted(text, room) {
    const most = Math.floor(room / 6.7);
    return most < 4 ? '' : text.length <= most ? text : `${text.slice(0, most - 1)}\u2026`;
  }

  function treemap(figure, chart) {
    const groups = Array.from(new Set(chart.boxes.map((b) => b.group)));
    const choices = figure.append('div').attr('class', 'choices');
    legend(figure, groups);
    const height = 430;
    const svg = drawing(figure, height, chart.caption);
    function draw(m) {
      choices.selectAll('button').attr('aria-pressed', (d, i) => String(i === m));
      const tree = { children: groups.map((g) => ({ name: g, children: chart.boxes.filter((b) => b.group === g && b.values[m] > 0) })) };
      const root = d3.hierarchy(tree).sum((d) => (d.values ? d.values[m] : 0)).sort((a, b) => b.value - a.value);
      const total = root.value;
      d3.treemap().size([width, height]).paddingInner(1).paddingOuter(2).round(true)(root);
      svg.selectAll('*').remove();
      const box = svg.selectAll('g').data(root.leaves().filter((d) => d.data.values && d.value > 0)).enter().append('g')
        .attr('class', 'box').attr('transform', (d) => `translate(${d.x0},${d.y0})`);
      box.append('rect').attr('width', (d) => Math.max(0, d.x1 - d.x0)).attr('height', (d) => Math.max(0, d.y1 - d.y0))
        .attr('fill', (d) => color(groups.indexOf(d.data.group)));
      const name = box.filter((d) => d.y1 - d.y0 > 17);
      name.append('text').attr('x', 5).attr('y', 14).text((d) => fitted(d.data.name, d.x1 - d.x0 - 8));
      box.filter((d) => d.y1 - d.y0 > 34 && d.x1 - d.x0 > 44).append('text').attr('x', 5).attr('y', 29)
        .text((d) => `${short(d.value)} (${d3.format('.1%')(d.value / total)})`).each(function cut(d) {
          if (this.textContent.length * 6.7 > d.x1 - d.x0 - 8) this.textContent = short(d.value);
        });
      const unit = chart.metrics[m].unit;
      pointed(box, (d) => `${d.data.name} (${d.data.group})\n${exact(d.value)} ${unit}, ${d3.format('.2%')(d.value / total)}\n${d.data.note}`);
    }
    choices.selectAll('button').data(chart.metrics).enter().append('button').attr('type', 'button').text((d) => d.name)
      .on('click', (d, i) => draw(i));
    draw(0);
  }

  function bars(figure, chart) {
    legend(figure, chart.series.map((s) => s.name));
    const left = 8 + 6.9 * d3.max(chart.categories, (c) => c.length);
    const step = chart.categories.length > 24 ? 16 : 22;
    const height = 34 + step * chart.categories.length;
    const svg = drawing(figure, height, chart.caption);
    const totals = chart.categories.map((c, i) => d3.sum(chart.series, (s) => s.values[i]));
    const x = d3.scaleLinear().domain([0, d3.max(totals) || 1]).nice().range([left, width - 84]);
    const y = d3.scaleBand().domain(d3.range(chart.categories.length)).range([4, height - 30]).padding(0.22);
    svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - 28})`).call(d3.axisBottom(x).ticks(8, '~s'));
    svg.append('text').attr('class', 'unit').attr('x', width - 4).attr('y', height - 12).attr('text-anchor', 'end').text(chart.unit);
    svg.selectAll('.name').data(chart.categories).enter().append('text').attr('x', left - 6).attr('text-anchor', 'end')
      .attr('y', (d, i) => y(i) + y.bandwidth() / 2 + 4).text((d) => d);
    const before = chart.categories.map(() => 0);
    chart.series.forEach((series, s) => {
      const parts = series.values.map((value, i) => {
        const start = before[i];
        before[i] += value;
        return { value, start, i };
      }).filter((d) => d.value > 0);
      const bar = svg.append('g').selectAll('rect').data(parts).enter().append('rect').attr('x', (d) => x(d.start)).attr('y', (d) => y(d.i))
        .attr('width', (d) => Math.max(0.5, x(d.start + d.value) - x(d.start))).attr('height', y.bandwidth()).attr('fill', color(s));
      pointed(bar, (d) => `${chart.categories[d.i]}: ${series.name}\n${exact(d.value)} ${chart.unit}`);
    });
    svg.selectAll('.total').data(totals).enter().append('text').attr('x', (d) => x(d) + 6).attr('y', (d, i) => y(i) + y.bandwidth() / 2 + 4)
      .text((d) => exact(Math.round(d * 100) / 100));
  }

  function spans(figure, chart) {
    const groups = Array.from(new Set(chart.spans.map((s) => s[1])));
    legend(figure, groups);
    const left = 60;
    const band = 44;
    const height = 36 + band * chart.lanes.length;
    const svg = drawing(figure, height, chart.caption);
    const all = d3.scaleLinear().domain([d3.min(chart.spans, (s) => s[3]) || 0, d3.max(chart.spans, (s) => s[4]) || 1]).range([left, width - 10]);
    svg.append('clipPath').attr('id', `clip${figure.attr('data-chart')}`).append('rect').attr('x', left).attr('y', 0)
      .attr('width', width - left - 10).attr('height', height);
    svg.selectAll('.lane').data(chart.lanes).enter().append('text').attr('x', left - 8).attr('text-anchor', 'end')
      .attr('y', (d, i) => i * band + band / 2 + 4).text((d) => d);
    const axis = svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - 32})`);
    svg.append('text').attr('class', 'unit').attr('x', width - 10).attr('y', height - 3).attr('text-anchor', 'end').text(chart.unit);
    const area = svg.append('g').attr('clip-path', `url(#clip${figure.attr('data-chart')})`);
    area.append('rect').attr('x', left).attr('width', width - left).attr('height', height).attr('fill', 'transparent');
    const bar = area.selectAll('.span').data(chart.spans).enter().append('rect').attr('y', (d) => d[0] * band + 5).attr('height', band - 12)
      .attr('fill', (d) => color(groups.indexOf(d[1])));
    function draw(x) {
      bar.attr('x', (d) => x(d[3])).attr('width', (d) => Math.max(0.4, x(d[4]) - x(d[3])));
      axis.call(d3.axisBottom(x).ticks(10, '~s'));
    }
    pointed(bar, (d) => `${d[2]}\n${exact(d[3])} to ${exact(d[4])} ${chart.unit} (${exact(d[4] - d[3])})`);
    draw(all);
    svg.call(d3.zoom().scaleExtent([1, 2000]).translateExtent([[left, 0], [width - 10, height]]).extent([[left, 0], [width - 10, height]])
      .filter(() => d3.event.type !== 'wheel' || d3.event.ctrlKey || d3.event.shiftKey)
      .on('zoom', () => draw(d3.event.transform.rescaleX(all))));
    figure.append('div').attr('class', 'legend').text('Zoom: ctrl or shift with the wheel, or a double click; drag to move.');
  }

  function scatter(figure, chart) {
    const groups = Array.from(new Set(chart.points.map((p) => p.group)));
    const choices = figure.append('div').attr('class', 'choices');
    legend(figure, groups);
    const height = 440;
    const svg = drawing(figure, height, chart.caption);
    const details = figure.append('pre').attr('class', 'details').text('Click a point: its configuration and figures.');
    const shown = { x: chart.x, y: chart.y };
    let chosen = null;
    function scale(index, range) {
      const extent = d3.extent(chart.points, (p) => p.values[index]);
      const flat = extent[0] === extent[1];
      if (chart.axes[index].log && extent[0] > 0) {  // a rounded domain would reach to whole decades
        return d3.scaleLog().domain([extent[0] / 1.1, extent[1] * 1.1]).range(range);
      }
      return d3.scaleLinear().domain(flat ? [extent[0] * 0.9 - 1e-9, extent[1] * 1.1 + 1e-9] : extent).range(range).nice();
    }
    function choose(d) {
      chosen = d;
      svg.selectAll('circle').classed('chosen', (p) => p === d);
      const figures = chart.axes.map((a, i) => `${a.name} = ${exact(d.values[i])}`);
      details.text([d.name, ...figures, '', d.details].join('\n'));
    }
    function draw() {
      const x = scale(shown.x, [70, width - 20]);
      const y = scale(shown.y, [height - 50, 14]);
      const title = (axis) => chart.axes[shown[axis]].name;
      svg.selectAll('*').remove();
      svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - 46})`).call(d3.axisBottom(x).ticks(9, '~s'));
      svg.append('g').attr('class', 'axis').attr('transform', 'translate(66,0)').call(d3.axisLeft(y).ticks(8, '~s'));
      svg.append('text').attr('class', 'unit').attr('x', width - 20).attr('y', height - 8).attr('text-anchor', 'end').text(title('x'));
      svg.append('text').attr('class', 'unit').attr('transform', 'rotate(-90)').attr('x', -14).attr('y', 16).attr('text-anchor', 'end').text(title('y'));
      const point = svg.selectAll('circle').data(chart.points).enter().append('circle').attr('class', 'point').attr('tabindex', 0)
        .attr('cx', (d) => x(d.values[shown.x])).attr('cy', (d) => y(d.values[shown.y])).attr('r', 5)
        .attr('fill', (d) => color(groups.indexOf(d.group))).classed('chosen', (d) => d === chosen);
      point.on('click', choose).on('keydown', (d) => { if (d3.event.key === 'Enter') choose(d); });
      pointed(point, (d) => `${d.name}\n${title('x')}: ${exact(d.values[shown.x])}\n${title('y')}: ${exact(d.values[shown.y])}`);
    }
    for (const [axis, words] of [['x', 'across '], ['y', ' up ']]) {
      const select = choices.append('label').text(words).append('select').attr('name', axis);
      select.selectAll('option').data(chart.axes).enter().append('option').attr('value', (d, i) => i)
        .property('selected', (d, i) => i === shown[axis]).text((d) => d.name);
      select.on('change', function change() { shown[axis] = Number(this.value); draw(); });
    }
    draw();
  }

  const kinds = { treemap, bars, spans, scatter };
  document.querySelectorAll('figure.chart').forEach((node) => {
    const chart = charts[Number(node.dataset.chart)];
    kinds[chart.kind](d3.select(node), chart);
  });
  document.body.dataset.drawn = String(charts.length);
})();
