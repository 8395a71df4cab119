package dev.uring.driver;

import dev.uring.abi.Errno;
import java.util.Arrays;

/**
 * The numbers that stand for channels, over all drivers of a runtime: a socket may be opened on any
 * thread and handed over to another worker.
 *
 * <p>Like a descriptor, a number is given out again after its socket is closed, the lowest first.
 *
 * <p><i>Thread:</i> any. Reading takes no lock: a number reaches its reader later than its socket
 * reached the table.
 */
public final class NioSockets {
  /** Most sockets of a runtime: far beyond what a process may have descriptors for. */
  static final int SOCKETS_MAX = 1 << 24;

  private static final int CAPACITY_FIRST = 64;

  private volatile NioSocket[] sockets = new NioSocket[CAPACITY_FIRST];

  // Guarded by this: no number below it is free.
  private int lowestFree;

  /** No sockets yet. */
  public NioSockets() {}

  /** Gives a socket its number, or returns a negative errno. */
  synchronized int add(NioSocket socket) {
    int id = lowestFree;
    while (id < sockets.length && sockets[id] != null) {
      id++;
    }
    if (id == SOCKETS_MAX) {
      return -Errno.ENFILE;
    }
    NioSocket[] table = sockets;
    if (id == table.length) {
      table = Arrays.copyOf(table, id * 2);
    }
    table[id] = socket;
    sockets = table;
    lowestFree = id + 1;
    socket.id = id;
    return id;
  }

  /** The socket of a number, or null when it is closed. */
  NioSocket find(int id) {
    NioSocket[] table = sockets;
    return id >= 0 && id < table.length ? table[id] : null;
  }

  /** Frees a socket's number, if it still has it. */
  synchronized void remove(NioSocket socket) {
    if (find(socket.id) == socket) {
      remove(socket.id);
    }
  }

  /** Frees a number; returns whose it was, or null. */
  synchronized NioSocket remove(int id) {
    NioSocket socket = find(id);
    if (socket != null) {
      sockets[id] = null;
      lowestFree = Math.min(lowestFree, id);
    }
    return socket;
  }
}
