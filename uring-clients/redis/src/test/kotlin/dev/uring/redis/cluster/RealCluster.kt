package dev.uring.redis.cluster

import dev.uring.redis.RealRedis
import dev.uring.redis.commands.ClusterNode
import dev.uring.redis.commands.WireClient
import java.util.concurrent.TimeUnit

/**
 * Three real masters, each with a replica.
 *
 * [noticeMillis] is how long a silent master is not replaced: short where a test waits for that, else so long that a busy
 * machine does not look like a dead master, for then writes that were acknowledged may be lost.
 */
internal class RealCluster(
    noticeMillis: Int,
    isTls: Boolean = false,
) : AutoCloseable {
    private val started =
        List(NODES) { ClusterNode.start("--cluster-node-timeout", "$noticeMillis", isTls = isTls) }

    val nodes: List<RealRedis> = started.map { it.redis }

    val ports: List<Int> = started.map { it.port }

    /** `host:port` of each node; at first the masters are the first three. */
    val addresses: List<String> = ports.map { "127.0.0.1:$it" }

    val ids: List<String> = nodes.indices.map { ask(it, "CLUSTER", "MYID") as String }

    init {
        for (master in 0..<MASTERS) {
            val from = SLOTS * master / MASTERS
            val last = SLOTS * (master + 1) / MASTERS - 1
            ask(master, "CLUSTER", "ADDSLOTSRANGE", "$from", "$last")
        }
        // Each with each: left to hearsay it takes as long as the nodes are patient.
        for (node in 1..<NODES) {
            for (other in 0..<node) meet(node, other)
        }
        waitUntil("every node knows all others") { all { nodesText(it).lines().count(String::isNotBlank) == NODES } }
        for (replica in MASTERS..<NODES) {
            waitUntil("$replica may replicate") { runCatching { replicate(replica) }.isSuccess }
        }
        waitUntil("the cluster is up") { all { isUp(it) && linkedReplicas(it) == MASTERS } }
    }

    fun ask(
        node: Int,
        vararg words: String,
    ): Any? = WireClient(nodes[node].url).use { it.ask(*words) }

    /** Lets a replica take over from its master; once more when a busy machine let the time for it pass. */
    fun failOverTo(replica: Int) {
        var askedAt = System.nanoTime() - FAILOVER_NANOS - 1
        waitUntil("$replica is master") {
            if (!isMaster(replica) && System.nanoTime() - askedAt > FAILOVER_NANOS) {
                ask(replica, "CLUSTER", "FAILOVER")
                askedAt = System.nanoTime()
            }
            isMaster(replica)
        }
    }

    private fun meet(
        node: Int,
        other: Int,
    ) = ask(node, "CLUSTER", "MEET", "127.0.0.1", "${ports[other]}", "${started[other].busPort}")

    /** The index of the node that is master of [slot] in the eyes of [node]. */
    fun masterOf(
        slot: Int,
        node: Int,
    ): Int {
        for (range in ask(node, "CLUSTER", "SLOTS") as List<*>) {
            val (from, last, master) = range as List<*>
            if (slot in (from as Long)..(last as Long)) return ids.indexOf((master as List<*>)[2])
        }
        return -1
    }

    /** The masters, with slots or without, in the eyes of [node], but for those that it thinks dead. */
    fun mastersOf(node: Int): List<Int> =
        nodesText(node)
            .lines()
            .filter { "master" in it && "fail" !in it }
            .map { ids.indexOf(it.substringBefore(' ')) }

    /** The slots that [master] had in the beginning. */
    fun slotsOf(master: Int): IntRange = SLOTS * master / MASTERS..<SLOTS * (master + 1) / MASTERS

    fun isMaster(node: Int): Boolean = (ask(node, "ROLE") as List<*>)[0] == "master"

    private fun replicate(replica: Int) = ask(replica, "CLUSTER", "REPLICATE", ids[replica - MASTERS])

    private fun nodesText(node: Int) = ask(node, "CLUSTER", "NODES") as String

    fun isUp(node: Int) = "cluster_state:ok" in ask(node, "CLUSTER", "INFO") as String

    /** Replicas that [node] sees, and that have finished their first copy. */
    private fun linkedReplicas(node: Int): Int {
        val copied = (MASTERS..<NODES).count { "master_link_status:up" in ask(it, "INFO", "replication") as String }
        return minOf(copied, nodesText(node).lines().count { " slave " in it || ",slave " in it })
    }

    private fun all(holds: (Int) -> Boolean): Boolean = nodes.indices.all(holds)

    override fun close() = nodes.forEach(RealRedis::close)

    companion object {
        const val MASTERS = 3
        const val NODES = 6
        private const val SLOTS = 16384

        // A little longer than the server itself tries.
        private val FAILOVER_NANOS = TimeUnit.SECONDS.toNanos(7)

        fun waitUntil(
            what: String,
            holds: () -> Boolean,
        ) {
            val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60)
            while (!holds()) {
                check(System.nanoTime() < deadline) { "not within 60 s: $what" }
                Thread.sleep(20)
            }
        }
    }
}
