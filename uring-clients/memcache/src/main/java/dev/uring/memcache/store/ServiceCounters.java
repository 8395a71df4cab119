package dev.uring.memcache.store;

/** What {@code stats} says. Plain fields: they belong to the thread of their service. */
final class ServiceCounters {
  long gets;
  long getHits;
  long sets;
  long touches;
  long flushes;
  long deleteHits;
  long deleteMisses;
  long incrHits;
  long incrMisses;
  long decrHits;
  long decrMisses;
  long casHits;
  long casMisses;
  long casBad;
}
