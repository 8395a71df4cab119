package dev.uring.net;

import dev.uring.driver.Driver;
import dev.uring.socket.AcceptPlacement;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Chooses the worker of each connection that one worker accepts for all.
 *
 * <p>A worker that has {@code connectionsPerWorkerMax} is passed over for the next one with room.
 * What it sees of other workers' numbers may be a moment old; a connection that finds its worker
 * full after all waits there as the listener's own would.
 *
 * <p><i>Thread:</i> the accepting worker's.
 */
final class AcceptBalance {
  private final AcceptPlacement placement;
  private final Driver driver;
  private final SplittableRandom random = new SplittableRandom();
  private List<WorkerListener> parts = List.of();
  private int turn;

  AcceptBalance(AcceptPlacement placement, Driver driver) {
    this.placement = placement;
    this.driver = driver;
  }

  /** Once, before anything is accepted. */
  void among(List<WorkerListener> allParts) {
    parts = List.copyOf(allParts);
  }

  /** The part of the listener that shall have the connection, or null when every worker is full. */
  WorkerListener choose(int socket) {
    int first = first(socket);
    for (int i = 0; i < parts.size(); i++) {
      WorkerListener part = parts.get((first + i) % parts.size());
      if (!part.table().isFull()) {
        return part;
      }
    }
    return null;
  }

  boolean hasRoom() {
    for (WorkerListener part : parts) {
      if (!part.table().isFull()) {
        return true;
      }
    }
    return false;
  }

  private int first(int socket) {
    return switch (placement) {
      case PER_WORKER, ROUND_ROBIN -> nextTurn();
      case LEAST_CONNECTIONS -> leastLoaded();
      case RANDOM -> random.nextInt(parts.size());
      case SOURCE_HASH ->
        driver.remoteAddress(socket) instanceof InetSocketAddress peer
            ? indexOf(peer.getAddress().getAddress())
            : nextTurn();
    };
  }

  private int nextTurn() {
    turn = (turn + 1) % parts.size();
    return turn;
  }

  // Among equals by turns: or the first worker would get every connection of a quiet server.
  private int leastLoaded() {
    int best = nextTurn();
    for (int i = 1; i < parts.size(); i++) {
      int other = (turn + i) % parts.size();
      if (parts.get(other).table().load() < parts.get(best).table().load()) {
        best = other;
      }
    }
    return best;
  }

  // Neighbouring addresses differ in their last bits only: a multiplication spreads these over all.
  private int indexOf(byte[] address) {
    int hash = Arrays.hashCode(address) * 0x9E3779B9;
    return Math.floorMod(hash ^ hash >>> 16, parts.size());
  }
}
