// The lists that several screens draw whole.
import { api } from "./endpoints";
import { fetchAll, useQuery } from "./query";

/** The most that the server gives at once. */
const kPageLimit = 500;

export function useAllPipelines() {
  return useQuery(
    "pipelines",
    (signal) =>
      fetchAll(
        (after, pageSignal) => api.pipelines({ limit: kPageLimit, after }, pageSignal),
        signal,
      ),
    ["pipelines"],
  );
}

export function useAllTables() {
  return useQuery(
    "tables",
    (signal) =>
      fetchAll((after, pageSignal) => api.tables({ limit: kPageLimit, after }, pageSignal), signal),
    ["tables"],
  );
}
