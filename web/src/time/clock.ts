// The time at the server, as ages and running times are counted by its clock.

let skewMs = 0;

/** `date` is the Date header of an answer: whole seconds, so that small differences mean nothing. */
export function observeServerTime(date: string | null, localNow = Date.now()) {
  if (date === null) return;
  const server = Date.parse(date);
  if (Number.isNaN(server)) return;
  const skew = server + 500 - localNow;
  skewMs = Math.abs(skew) < 2000 ? 0 : skew;
}

export function serverNow(): number {
  return Date.now() + skewMs;
}
