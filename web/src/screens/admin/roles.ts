import type { Role } from "../../api/types";

export const kRoles: readonly { value: Role; title: string }[] = [
  { value: "viewer", title: "viewer: sees everything" },
  { value: "operator", title: "operator: starts and stops runs" },
  { value: "admin", title: "admin: users and tokens too" },
];
