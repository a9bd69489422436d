// Where the pages of archives are.

import { Place } from "./api";
import { MessagesQuery } from "./archive-api";
import { withQuery } from "./router";

export const archivePage = (place: Place) => withQuery("/archive", { ...place });

export const messagesPage = (query: MessagesQuery) => withQuery("/messages", { ...query });
