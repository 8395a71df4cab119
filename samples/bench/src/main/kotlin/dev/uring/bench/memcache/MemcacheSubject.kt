@file:JvmName("MemcacheSubject")

package dev.uring.bench.memcache

import dev.uring.bench.redis.SubjectRounds
import dev.uring.bench.subject.SubjectControl

/** A process of bench `memcache`: one client library that runs loads as it is told. Modes as of the bench `redis`. */
fun main(arguments: Array<String>) {
    val port = arguments[1].toInt()
    val client =
        when (arguments[0]) {
            MemcacheBench.URING -> UringMemcache(port)
            MemcacheBench.FOLSOM -> FolsomMemcache(port)
            MemcacheBench.XMEMCACHED -> XMemcached(port)
            MemcacheBench.SPYMEMCACHED -> SpyMemcached(port)
            else -> throw IllegalArgumentException("no client is called ${arguments[0]}")
        }
    val rounds = SubjectRounds(client)
    SubjectControl(0, client.settings).modes(rounds::to).counters { rounds.figures }.serve()
}
