package dev.uring.client.routing;

/** A server that is nothing but its name and its weight. */
record NamedNode(String identity, int weight) implements WeightedNode {
  NamedNode {
    if (weight < 1) {
      throw new IllegalArgumentException("weight=" + weight + " of " + identity
          + " must be at least 1: leave out a server that shall have no keys");
    }
  }
}
