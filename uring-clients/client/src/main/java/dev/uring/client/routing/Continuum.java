package dev.uring.client.routing;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;

/**
 * The circle of weighted ketama, point for point that of libmemcached and twemproxy.
 *
 * <h2>Shapes and units</h2>
 *
 * A node of average weight has 160 points on a circle of 2^32; a key belongs to the first point at
 * or behind its hash.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for no node, or for one that is named twice.
 *
 * <h2>Source</h2>
 *
 * libmemcached {@code hosts.cc}, update_continuum with MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED;
 * twemproxy {@code nc_ketama.c}.
 */
public final class Continuum {
  private static final int POINTS_PER_NODE = 160;
  private static final int POINTS_PER_DIGEST = 4;
  private static final int NODE_BITS = 31;

  // One point is one long: the point above, the node below. Sorting them sorts by point.
  private final long[] points;

  /**
   * The circle of these nodes.
   *
   * @param nodes at least one, each name once
   */
  public Continuum(List<? extends WeightedNode> nodes) {
    long names = nodes.stream().map(WeightedNode::identity).distinct().count();
    if (nodes.isEmpty() || names < nodes.size()) {
      throw new IllegalArgumentException("nodes="
          + nodes.stream().map(WeightedNode::identity).toList()
          + ": a continuum needs at least one node, and each one once; a greater share is its"
          + " weight");
    }
    long totalWeight = nodes.stream().mapToLong(WeightedNode::weight).sum();
    MessageDigest md5 = KeyHash.md5();
    long[] all = new long[0];
    int count = 0;
    for (int node = 0; node < nodes.size(); node++) {
      int digests = digestsOf(nodes.get(node), totalWeight, nodes.size());
      all = Arrays.copyOf(all, count + digests * POINTS_PER_DIGEST);
      for (int i = 0; i < digests; i++) {
        String name = nodes.get(node).identity() + "-" + i;
        byte[] digest = md5.digest(name.getBytes(StandardCharsets.UTF_8));
        for (int j = 0; j < POINTS_PER_DIGEST; j++) {
          all[count++] = (KeyHash.point(digest, j * Integer.BYTES) << NODE_BITS) | node;
        }
      }
    }
    Arrays.sort(all);
    points = all;
  }

  // In floats, as the others do: in doubles some weights give another number of points.
  private static int digestsOf(WeightedNode node, long totalWeight, int nodes) {
    float share = (float) node.weight() / (float) totalWeight;
    return (int) Math.floor(
        (float) (share * POINTS_PER_NODE / POINTS_PER_DIGEST * (float) nodes + 0.0000000001));
  }

  /**
   * The node that a hash belongs to.
   *
   * @param hash of a key, with {@link KeyHash#MD5} unless the other clients have another one
   * @return its index
   */
  public int nodeOf(long hash) {
    int found = Arrays.binarySearch(points, hash << NODE_BITS);
    int at = found >= 0 ? found : -found - 1;
    return (int) (points[at < points.length ? at : 0] & ((1L << NODE_BITS) - 1));
  }

  /**
   * The node that a key belongs to, by {@link KeyHash#MD5} as ketama has it.
   *
   * @param key all of it
   * @return its index
   */
  public int nodeOf(byte[] key) {
    return nodeOf(KeyHash.MD5.of(key));
  }

  /**
   * The points of all nodes.
   *
   * @return in ascending order, each 0..2^32-1
   */
  public long[] points() {
    return Arrays.stream(points).map(point -> point >>> NODE_BITS).toArray();
  }

  /**
   * How many points there are.
   *
   * @return those of all nodes
   */
  public int pointsCount() {
    return points.length;
  }
}
