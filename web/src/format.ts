// Numbers, sizes and times as people read them.

export const count = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 0 });

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  while (value >= 999.5 && unit + 1 < units.length) {
    value /= 1000;
    ++unit;
  }
  return `${value.toFixed(unit === 0 || value >= 99.5 ? 0 : 1)} ${units[unit]}`;
}

export const rate = (perSecond: number) =>
  `${perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count(perSecond)}/s`;

// Not rounded up: 100 % is all of it.
export const percent = (share: number) => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [whole / 86400, (whole / 3600) % 24, (whole / 60) % 60].map(
    Math.floor,
  );
  if (days) {
    return `${days} d ${hours} h`;
  }
  if (hours) {
    return `${hours} h ${minutes} min`;
  }
  const rest = whole % 60;
  return [minutes && `${minutes} min`, (rest || !minutes) && `${rest} s`].filter(Boolean).join(" ");
}

export const since = (time: string) => duration((Date.now() - Date.parse(time)) / 1000);

export const ago = (time: string) => `${since(time)} ago`;

export const dateTime = (time: string) =>
  new Date(time).toLocaleString("sv-SE", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  });
