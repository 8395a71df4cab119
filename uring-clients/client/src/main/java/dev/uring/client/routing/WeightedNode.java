package dev.uring.client.routing;

/**
 * A server as all clients of a set of servers agree to call it.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable.
 */
public interface WeightedNode {
  /**
   * Its name: clients that give the same names send the same keys to the same servers.
   *
   * @return by custom {@code host:port}, each protocol with its own rules
   */
  String identity();

  /**
   * Its share of the keys.
   *
   * @return at least 1
   */
  int weight();

  /**
   * A server of weight 1.
   *
   * @param identity its name
   * @return the node
   */
  static WeightedNode of(String identity) {
    return of(identity, 1);
  }

  /**
   * A server.
   *
   * @param identity its name
   * @param weight at least 1
   * @return the node
   */
  static WeightedNode of(String identity, int weight) {
    return new NamedNode(identity, weight);
  }
}
