package dev.uring.socket;

/**
 * Who is at the other end of a Unix socket, as the kernel noted it when the peer connected or
 * listened. A peer cannot forge it.
 *
 * @param pid process id, 0 when it is in another pid namespace
 * @param uid effective user id
 * @param gid effective group id
 */
public record PeerCredentials(int pid, int uid, int gid) {}
