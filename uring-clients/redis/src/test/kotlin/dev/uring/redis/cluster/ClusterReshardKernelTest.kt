package dev.uring.redis.cluster

import dev.uring.redis.RedisCertificates
import dev.uring.redis.RedisFailure
import dev.uring.redis.commands.get
import dev.uring.redis.commands.mget
import dev.uring.redis.commands.mset
import dev.uring.redis.needsRedis
import dev.uring.redis.routing.HashSlot
import dev.uring.redis.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import java.util.concurrent.TimeUnit
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** What happens to a client when a node dies while its slots are on their way, and a cluster that speaks TLS alone. */
class ClusterReshardKernelTest :
    FunSpec({
        needsRedis()

        for (victim in listOf("gives", "takes")) {
            test(
                "the master that $victim a slot is killed in the middle: no reply is wrong, and no write of others is lost",
            ) {
                val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: Random.nextLong()
                withClue("-During.fuzz.seed=$seed") { killedWhileMoving(victim == "gives", seed) }
            }
        }

        test(
            "a cluster that speaks TLS alone is followed over failovers and moving slots, and trusted only with its authority",
        ) {
            RealCluster(noticeMillis = 15_000, isTls = true).use { real ->
                val seed = "rediss://${real.addresses[0]}"
                withUring(workers = 2) {
                    shouldThrow<RedisFailure> { redisCluster(seed) }
                    redisCluster(seed) {
                        // The first answer comes after a first handshake: its classes are loaded meanwhile.
                        copy(
                            node = node.copy(tls = RedisCertificates.trusting),
                            patience = 50.seconds,
                            refreshTimeout = 10.seconds,
                        )
                    }.use { cluster ->
                        val keys = List(200) { "tls:$it" }
                        cluster.mset(keys.associateWith { "value of $it" })
                        cluster.mget(keys) shouldBe keys.map { "value of $it" }
                        coroutineScope {
                            val load = ClusterLoad(cluster, this, seed = 4)
                            soon("the load runs") { load.operations > 100 }
                            SlotMove(real, "{tls}").use { move ->
                                cluster.mset(List(20) { "{tls}$it" to "$it" })
                                move.begin()
                                repeat(10) { move.take("{tls}$it") }
                                List(20) { cluster.get("{tls}$it") } shouldBe List(20) { "$it" }
                                move.end()
                                List(20) { cluster.get("{tls}$it") } shouldBe List(20) { "$it" }
                            }
                            real.failOverTo(RealCluster.MASTERS)
                            val before = load.operations
                            soon("the load goes on") { load.operations > before + 100 }
                            load.stop()
                            load.wrong.shouldBeEmpty()
                            load.stale.shouldBeEmpty()
                            load.missing().shouldBeEmpty()
                        }
                        cluster.mget(keys) shouldBe keys.map { "value of $it" }
                    }
                }
            }
        }
    })

private const val MOVED_KEYS = 40

private fun killedWhileMoving(
    isSource: Boolean,
    seed: Long,
) = RealCluster(noticeMillis = 5_000).use { real ->
    withUring(workers = 2) {
        redisCluster(real.addresses[0]) {
            copy(node = node.copy(commandTimeout = 5.seconds), patience = 50.seconds)
        }.use { cluster ->
            val move = SlotMove(real, "{reshard}")
            val victim = if (isSource) move.from else move.to
            val heir = victim + RealCluster.MASTERS
            val moved = List(MOVED_KEYS) { "{reshard}$it" }
            cluster.mset(moved.associateWith { it })

            fun copies(node: Int) = real.ask(node, "CLUSTER", "COUNTKEYSINSLOT", "${move.slot}")
            soon("the replica has the keys") { copies(move.from + RealCluster.MASTERS) == MOVED_KEYS.toLong() }
            val ofVictim = { key: String -> HashSlot.of(key.toByteArray()) in real.slotsOf(victim) }
            val isSafe = HashMap<String, Boolean>()
            coroutineScope {
                val load = ClusterLoad(cluster, this, seed)
                soon("the load runs") { load.operations > 200 }
                load.acknowledged.keys.forEach { isSafe[it] = !ofVictim(it) }
                move.begin()
                moved.take(MOVED_KEYS / 2).forEach(move::take)
                soon("what was moved is at the replicas") {
                    listOf(move.from, move.to).all { copies(it + RealCluster.MASTERS) == MOVED_KEYS / 2L }
                }
                real.nodes[victim].kill()
                // Led by ASK, or by the map, to who is dead: answered when the move has been taken up again.
                val early = if (isSource) emptyList() else moved.take(3).map { async { cluster.get(it) } }
                soon("its replica is master") { real.isMaster(heir) }
                // Who imports a slot believes no one but the operator about it, and would go on thinking that nobody has it.
                if (isSource) real.ask(move.to, "CLUSTER", "SETSLOT", "${move.slot}", "STABLE")
                val left = (0..<RealCluster.NODES).filter { it != victim }
                val (from, to) = if (isSource) heir to move.to else move.from to heir
                SlotMove(real, "{reshard}", from, to).use {
                    soon("who is left agrees on the heir") {
                        left.all { node -> heir in real.mastersOf(node) && real.isUp(node) }
                    }
                    it.begin()
                    it.end()
                }
                early.map { it.await() } shouldBe moved.take(early.size)
                soon("every key is found at its new master") { moved.map { cluster.get(it) } == moved }
                val before = load.operations
                soon("the load goes on") { load.operations > before + 300 }
                load.stop()
                load.wrong.shouldBeEmpty()
                val lost = load.missing().filter { isSafe[it.substringBefore(": ")] ?: false }
                lost.shouldBeEmpty()
                load.stale.filter { isSafe[it.substringBefore(' ')] ?: false }.shouldBeEmpty()
                println(
                    "cluster: ${load.operations} operations past a master killed in the middle of a slot's move, " +
                        "${load.unknown} without a reply, ${load.stale.size} lost with it",
                )
            }
            move.close()
        }
    }
}

/** Waits until [condition] holds. A minute: an election takes seconds where nothing else runs. */
private suspend fun soon(
    what: String,
    condition: suspend () -> Boolean,
) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60)
    while (!condition()) {
        check(System.nanoTime() < deadline) { "not within 60 s: $what" }
        delay(20)
    }
}
