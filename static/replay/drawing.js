/* How the timeline looks: ruler, a track for each camera with footage, gaps, holds and activity, now, and the playhead. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { DAY, HOUR, MINUTE, positionOf, chooseStep, listTicks } = window.Replay.geometry;
  const RULER = 30, FOOT = 8;
  const trackOf = (rows) => (rows === 1 ? { height: 46, apart: 0 } : { height: 22, apart: 6 });
  const heightOf = (rows) => RULER + rows * (trackOf(rows).height + trackOf(rows).apart) + FOOT;
  const topOf = (row, rows) => RULER + row * (trackOf(rows).height + trackOf(rows).apart);
  const rowAt = (y, rows) => Math.min(rows - 1, Math.max(0, Math.floor((y - RULER) / (trackOf(rows).height + trackOf(rows).apart))));

  function readColours(element) {
    const style = getComputedStyle(element);
    const names = ["surface", "line", "text", "muted", "track", "footage", "activity", "gap", "gap-soft", "deleted", "hold", "now", "playhead", "selected", "future"];
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  function drawTimeline(line) {
    const context = line.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    const colours = readColours(line.element);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, line.width, line.height);
    const pen = { ...line, context, colours, now: line.footage.now(), x: (moment) => positionOf(line.view, line.width, moment) };
    line.rows.forEach((row, index) => drawTrack(pen, line.footage.of(row.id), topOf(index, line.rows.length)));
    drawSelection(pen);
    drawRuler(pen);
    if (line.rows.length > 1) line.rows.forEach((row, index) => drawName(pen, row.name, topOf(index, line.rows.length)));
    drawMarks(pen);
  }

  function fill(pen, from, to, top, height, least = 1) {
    const left = Math.max(0, pen.x(from)), right = Math.min(pen.width, pen.x(to));
    if (right < 0 || left > pen.width || right < left) return;
    pen.context.fillRect(left, top, Math.max(least, right - left), height);
  }

  function drawTrack(pen, found, top) {
    const { context, colours } = pen, { height } = trackOf(pen.rows.length);
    context.fillStyle = colours.track;
    context.fillRect(0, top, pen.width, height);
    context.fillStyle = colours.footage;
    for (const [start, end] of found.spans) fill(pen, start, end, top, height);
    for (const [start, end, cause] of found.gaps) drawGap(pen, start, end ?? pen.now, cause, top, height);
    drawActivity(pen, found, top, height);
    context.fillStyle = colours.hold;
    for (const [start, end] of found.holds) {
      fill(pen, start, end, top, 4, 3);
      for (const edge of [start, end]) fill(pen, edge, edge, top, 10, 3);
    }
    context.fillStyle = colours.future;
    fill(pen, pen.now, Math.max(pen.now, pen.view.to), top, height, 0);
  }

  /* A gap is told by its hatching too, not by its colour alone. */
  function drawGap(pen, start, end, cause, top, height) {
    const { context, colours } = pen;
    const left = Math.max(0, pen.x(start)), right = Math.min(pen.width, Math.max(pen.x(end), pen.x(start) + 2));
    if (right <= 0 || left >= pen.width) return;
    const colour = cause === "deleted" ? colours.deleted : colours.gap;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, height);
    context.clip();
    context.fillStyle = colours["gap-soft"];
    context.fillRect(left, top, right - left, height);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.beginPath();
    for (let x = left - height - (left % 7); x < right + height; x += 7) { context.moveTo(x, top + height); context.lineTo(x + height, top); }
    context.stroke();
    context.restore();
    context.fillStyle = colour;
    context.fillRect(left, top + height - 3, Math.max(2, right - left), 3);
  }

  function drawActivity(pen, { activity, from, resolution }, top, height) {
    if (!activity.length) return;
    const { context, colours } = pen, room = height * 0.72;
    context.fillStyle = colours.activity;
    activity.forEach((level, index) => {
      if (level <= 0) return;
      const at = from + index * resolution * 1000, tall = Math.max(1, level / 100 * room);
      fill(pen, at, at + resolution * 1000, top + height - tall, tall);
    });
  }

  function drawRuler(pen) {
    const { context, colours, view, width, clock } = pen;
    const step = chooseStep(view, width, width < 500 ? 62 : 84);
    const format = step < MINUTE ? "second" : "minute";
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    let taken = drawDayInView(pen);
    context.font = "12px system-ui, sans-serif";
    for (const { at, isDay, isLabelled } of listTicks(view, step, clock)) {
      const x = Math.round(pen.x(at)) + 0.5;
      const isBold = isDay && isLabelled;
      context.strokeStyle = isBold ? colours.muted : colours.line;
      context.lineWidth = isBold ? 1.5 : 1;
      context.beginPath();
      context.moveTo(x, isBold ? 2 : RULER - 8);
      context.lineTo(x, isDay ? pen.height - FOOT : RULER);
      context.stroke();
      const text = isDay ? describeDay(pen, at) : clock.say(at, format);
      const room = context.measureText(text).width + 14;
      if (!isLabelled || x < taken || (x + room > width && !isDay)) continue;
      context.fillStyle = isDay ? colours.text : colours.muted;
      context.fillText(text, x + 5, RULER / 2);
      taken = x + room;
    }
  }

  /* Where no border of a day is near the left end, the day stands there; gives where its words end. */
  function drawDayInView(pen) {
    const { context, colours, view, clock } = pen;
    if (clock.startOfNextDay(view.from) < view.to && pen.x(clock.startOfNextDay(view.from)) < 150) return -1e9;
    const text = describeDay(pen, clock.startOfDay(view.from));
    context.font = "600 12px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = colours.text;
    context.fillText(text, 6, RULER / 2);
    return context.measureText(text).width + 6;
  }

  function describeDay({ clock, words }, start) {
    const hours = Math.round((clock.startOfNextDay(start) - start) / HOUR);
    const day = clock.say(start + HOUR, "day");
    return hours === DAY / HOUR ? day : `${day} · ${words.hours.replace("{hours}", hours)}`;
  }

  function drawName({ context, colours, rows }, name, top) {
    const { height } = trackOf(rows.length);
    context.font = "600 11px system-ui, sans-serif";
    context.textBaseline = "middle";
    const wide = Math.min(220, context.measureText(name).width);
    context.globalAlpha = 0.86;
    context.fillStyle = colours.surface;
    context.fillRect(3, top + 3, wide + 10, height - 6);
    context.globalAlpha = 1;
    context.fillStyle = colours.text;
    context.fillText(name, 8, top + height / 2 + 0.5, 220);
  }

  function drawSelection({ context, colours, selection, x, now, height, width }) {
    if (selection.from === null && selection.to === null) return;
    const left = x(selection.from ?? selection.to), right = x(selection.to ?? selection.from ?? now);
    context.fillStyle = colours.selected;
    context.globalAlpha = 0.28;
    context.fillRect(Math.max(0, left), RULER, Math.min(width, right) - Math.max(0, left), height - RULER - FOOT);
    context.globalAlpha = 1;
    for (const edge of [left, right]) context.fillRect(edge - 1, RULER - 4, 2, height - RULER - FOOT + 8);
  }

  function drawMarks(pen) {
    const { context, colours, now, moment, hovered, height } = pen;
    const nowX = pen.x(now);
    context.strokeStyle = colours.now;
    context.lineWidth = 2;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(nowX, 4);
    context.lineTo(nowX, height - 2);
    context.stroke();
    context.setLineDash([]);
    if (hovered) {
      context.fillStyle = colours.muted;
      context.fillRect(Math.round(hovered.x), RULER, 1, height - RULER - FOOT);
    }
    if (!Number.isFinite(moment)) return;
    const x = pen.x(moment);
    context.fillStyle = colours.playhead;
    context.fillRect(x - 1, RULER - 6, 2, height - RULER + 4);
    context.beginPath();
    context.moveTo(x - 7, RULER - 12);
    context.lineTo(x + 7, RULER - 12);
    context.lineTo(x, RULER - 1);
    context.fill();
  }

  Object.assign(window.Replay, { drawTimeline, heightOf, rowAt, RULER });
})();
