/** Who may read a key file. */

/** The owner, group and mode of a file. */
interface FileAccess {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The user of a process, and all groups that the process is in. */
interface Reader {
  readonly uid: number;
  readonly groups: readonly number[];
}

/** The user and the groups of this process. */
export function thisProcess(): Reader {
  const { geteuid, getegid, getgroups } = process;
  return { uid: geteuid?.() ?? -1, groups: [getegid?.() ?? -1, ...(getgroups?.() ?? [])] };
}

/**
 * Whether others than the owner of a key file and its reader may read or write it. Only the owner should have a right to
 * the file, with one exception: the group may read, but not write, a file of another user if the reader is in that
 * group. A Secret of Kubernetes comes like this: root owns the file, and only its group (fsGroup) lets the container's
 * user read it. A reader who owns the file needs no group, and can take the right away.
 */
export function isExposed({ uid, gid, mode }: FileAccess, reader: Reader): boolean {
  const rightsOfOthers = mode & 0o077;
  const isForGroup = rightsOfOthers === 0o040 && uid !== reader.uid && reader.groups.includes(gid);
  return rightsOfOthers !== 0 && !isForGroup;
}
