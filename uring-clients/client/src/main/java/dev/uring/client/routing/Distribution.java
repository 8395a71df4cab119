package dev.uring.client.routing;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongToIntFunction;

/** What clients do with the hash of a key. */
public enum Distribution {
  /** The continuum: another node more or less moves only its share of the keys. */
  KETAMA {
    @Override
    public LongToIntFunction over(List<? extends WeightedNode> nodes) {
      return new Continuum(nodes)::nodeOf;
    }
  },

  /** The remainder: each node as often as its weight says. Another node moves nearly every key. */
  MODULA {
    @Override
    public LongToIntFunction over(List<? extends WeightedNode> nodes) {
      int[] slots = new int[nodes.stream().mapToInt(WeightedNode::weight).sum()];
      int at = 0;
      for (int node = 0; node < nodes.size(); node++) {
        for (int i = 0; i < nodes.get(node).weight(); i++) {
          slots[at++] = node;
        }
      }
      return hash -> slots[(int) (hash % slots.length)];
    }
  },

  /** Any node, whatever the key is: for servers that all have everything. */
  RANDOM {
    @Override
    public LongToIntFunction over(List<? extends WeightedNode> nodes) {
      int count = nodes.size();
      return hash -> ThreadLocalRandom.current().nextInt(count);
    }
  };

  /**
   * The distribution over nodes.
   *
   * @param nodes at least one
   * @return from the hash of a key to the index of its node
   */
  public abstract LongToIntFunction over(List<? extends WeightedNode> nodes);
}
