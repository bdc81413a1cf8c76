import { createContext, useContext, type ReactNode } from "react";
import { api } from "./endpoints";
import { setCsrfToken } from "./client";
import { useQuery } from "./query";
import type { Me, Role } from "./types";

const Session = createContext<Me | null>(null);

/** Who is logged in; children are drawn when that is known. */
export function SessionProvider(props: {
  children: ReactNode;
  waiting: ReactNode;
  failed: (error: Error, retry: () => void) => ReactNode;
}) {
  const me = useQuery("me", async (signal) => {
    const answer = await api.me(signal);
    setCsrfToken(answer.csrf);
    return answer;
  });
  if (me.data) return <Session value={me.data}>{props.children}</Session>;
  if (me.error) return props.failed(me.error, () => void me.refetch());
  return props.waiting;
}

export function useSession(): Me {
  const me = useContext(Session);
  if (!me) throw new Error("drawn outside of a session");
  return me;
}

const kRank: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Whether the user may do what needs `role`. The server decides; this only greys out what it would refuse. */
export function useMay(role: Role): boolean {
  return kRank[useSession().role] >= kRank[role];
}
