// Where the pages of archives are.

import { MessagesQuery, Place } from "./api";

function address(path: string, query: Record<string, string>): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return `${path}?${new URLSearchParams(given)}`;
}

export const archivePage = (place: Place) => address("/archive", { ...place });

export const messagesPage = (query: MessagesQuery) => address("/messages", { ...query });
