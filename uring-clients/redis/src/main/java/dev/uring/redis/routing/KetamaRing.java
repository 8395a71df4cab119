package dev.uring.redis.routing;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;

/**
 * Spreads keys over servers that know nothing of each other, so that another server more or less
 * moves only its own share of them.
 *
 * <h2>Shapes and units</h2>
 *
 * Each server has {@value #POINTS_PER_SERVER} points on a circle of 2^32; a key belongs to the
 * first point at or behind its own. Every client that uses ketama with the same identities agrees.
 * Twice the weight is the same server named twice under two identities.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable. Finding a server hashes the key with MD5, which allocates.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for no server, or for one that is named twice.
 *
 * <h2>Source</h2>
 *
 * libketama: 40 MD5 digests of {@code identity-i} for each server, four little-endian points in
 * each.
 */
public final class KetamaRing {
  /** 40 digests of 4 points: libketama's number, which all clients must share to agree. */
  public static final int POINTS_PER_SERVER = 160;

  private static final int DIGESTS_PER_SERVER = 40;
  private static final int POINTS_PER_DIGEST = POINTS_PER_SERVER / DIGESTS_PER_SERVER;
  private static final int SERVER_BITS = 31;

  // One point is one long: the point above, the server below. Sorting them sorts by point, and
  // equal points by server.
  private final long[] points;
  private final List<String> servers;

  /**
   * The ring of these servers.
   *
   * @param servers their identities, by custom {@code host:port}
   */
  public KetamaRing(List<String> servers) {
    this.servers = List.copyOf(servers);
    if (servers.isEmpty() || this.servers.stream().distinct().count() < servers.size()) {
      throw new IllegalArgumentException("servers="
          + servers
          + ": a ring needs at least one server, and each one once: for a greater share give it a"
          + " second identity");
    }
    points = new long[servers.size() * POINTS_PER_SERVER];
    MessageDigest md5 = md5();
    int at = 0;
    for (int server = 0; server < servers.size(); server++) {
      for (int i = 0; i < DIGESTS_PER_SERVER; i++) {
        byte[] text = (servers.get(server) + "-" + i).getBytes(StandardCharsets.UTF_8);
        byte[] digest = md5.digest(text);
        for (int j = 0; j < POINTS_PER_DIGEST; j++) {
          points[at++] = (point(digest, j * Integer.BYTES) << SERVER_BITS) | server;
        }
      }
    }
    Arrays.sort(points);
  }

  /**
   * The server that a key belongs to.
   *
   * @param key all of it
   * @return its index in {@link #servers}
   */
  public int serverOf(byte[] key) {
    long sought = point(md5().digest(key), 0) << SERVER_BITS;
    int found = Arrays.binarySearch(points, sought);
    int at = found >= 0 ? found : -found - 1;
    return (int) (points[at < points.length ? at : 0] & ((1L << SERVER_BITS) - 1));
  }

  /**
   * The servers, as they were given.
   *
   * @return their identities
   */
  public List<String> servers() {
    return servers;
  }

  /**
   * The points of all servers.
   *
   * @return in ascending order, each 0..2^32-1
   */
  public long[] points() {
    return Arrays.stream(points).map(point -> point >>> SERVER_BITS).toArray();
  }

  private static long point(byte[] digest, int from) {
    return (digest[from] & 0xFFL)
        | (digest[from + 1] & 0xFFL) << 8
        | (digest[from + 2] & 0xFFL) << 16
        | (digest[from + 3] & 0xFFL) << 24;
  }

  private static MessageDigest md5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every JDK has MD5", impossible);
    }
  }
}
