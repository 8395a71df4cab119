package dev.uring.redis.cache

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

class ReplyStoreTest :
    FunSpec({
        fun store(config: CacheConfig = CacheConfig()) = ReplyStore(config) { 0L }

        test("a reply is found by its whole command, and by no other") {
            val store = store()
            store.keep(get("k"), "v")
            store.text(get("k")) shouldBe "v"
            store.text(get("kk")).shouldBeNull()
            store.text(mget("k")).shouldBeNull()
            store.counters.hits shouldBe 1
            store.counters.misses shouldBe 2
        }

        test("a change that is told of while a reply is on its way keeps that reply out") {
            val store = store()
            val place = store.begin(get("k"))!!
            store.invalidate("k".key())
            store.fill(place, "old".toByteArray())
            store.text(get("k")).shouldBeNull()
            // And the next one has a place of its own.
            store.keep(get("k"), "new")
            store.text(get("k")) shouldBe "new"
        }

        test("a reply that is on its way already has one place, and who gave it up leaves it to the next") {
            val store = store()
            val place = store.begin(get("k"))!!
            store.begin(get("k")).shouldBeNull()
            store.giveUp(place)
            store.fill(place, "late".toByteArray())
            store.keep(get("k"), "v")
            store.text(get("k")) shouldBe "v"
        }

        test("a key takes all replies with it that depend on it, and leaves the others") {
            val store = store()
            store.keep(mget("a", "b"), "1")
            store.keep(mget("b", "c"), "2")
            store.keep(get("c"), "3")
            store.invalidate("b".key())
            store.text(mget("a", "b")).shouldBeNull()
            store.text(mget("b", "c")).shouldBeNull()
            store.text(get("c")) shouldBe "3"
            store.counters.entries shouldBe 1
            store.counters.invalidations shouldBe 2
        }

        test("a flush forgets everything, what is on its way included") {
            val store = store()
            store.keep(get("a"), "1")
            val place = store.begin(get("b"))!!
            store.flush()
            store.fill(place, "2".toByteArray())
            store.text(get("a")).shouldBeNull()
            store.text(get("b")).shouldBeNull()
            store.counters.entries shouldBe 0
            store.counters.bytes shouldBe 0
        }

        test("above a bound the reply that was not used for longest goes") {
            val store = store(CacheConfig(entriesMax = 2))
            store.keep(get("a"), "1")
            store.keep(get("b"), "2")
            store.text(get("a")) shouldBe "1"
            store.keep(get("c"), "3")
            store.text(get("b")).shouldBeNull()
            store.text(get("a")) shouldBe "1"
            store.text(get("c")) shouldBe "3"
            store.counters.evictions shouldBe 1
        }

        test("a reply is not used longer than its lifetime") {
            var now = 0L
            val store = ReplyStore(CacheConfig(lifetimeMax = 1.seconds)) { now }
            store.keep(get("k"), "v")
            now = 999_999_999
            store.text(get("k")) shouldBe "v"
            now = 1_000_000_000
            store.text(get("k")).shouldBeNull()
            store.counters.entries shouldBe 0
        }

        test("random use never gives an outdated reply, and never exceeds the bounds") {
            val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            withClue({ "-During.fuzz.seed=$seed" }) {
                val random = Random(seed)
                val config = CacheConfig(entriesMax = 20, bytesMax = 8_192, lifetimeMax = Duration.INFINITE)
                val store = store(config)
                val truth = HashMap<String, Int>()
                val underWay = ArrayList<Pair<CachedReply, String>>()
                repeat(20_000) {
                    val keys = List(random.nextInt(1, 3)) { "k${random.nextInt(30)}" }.distinct()
                    val now = { keys.joinToString { "${truth[it] ?: 0}" } }
                    val command = mget(*keys.toTypedArray())
                    when (random.nextInt(4)) {
                        0 -> {
                            store.begin(command)?.let { underWay += it to now() }
                        }

                        1 -> {
                            val arriving = underWay.removeLastOrNull()
                            if (arriving != null) store.fill(arriving.first, arriving.second.toByteArray())
                        }

                        2 -> {
                            truth.merge(keys.first(), 1, Int::plus)
                            store.invalidate(keys.first().key())
                        }

                        else -> {
                            store.text(command)?.let { it shouldBe now() }
                        }
                    }
                    if (random.nextInt(2_000) == 0) store.flush()
                    store.counters.entries shouldBeLessThanOrEqual 20
                    store.counters.bytes shouldBeLessThanOrEqual 8_192
                }
                store.counters.hits shouldBeGreaterThan 100
            }
        }
    })

private val GET = Command.of("GET", Command.READONLY)
private val MGET = Command.of("MGET", Command.READONLY)

private fun get(key: String) = CommandWriter().begin(GET).key(key).also { it.finish() }

private fun mget(vararg keys: String) = CommandWriter().begin(MGET).apply { keys.forEach(::key) }.also { it.finish() }

private fun String.key() = ByteKey(toByteArray())

private fun ReplyStore.keep(
    command: CommandWriter,
    reply: String,
) = fill(begin(command)!!, reply.toByteArray())

private fun ReplyStore.text(command: CommandWriter): String? = find(command)?.reply?.decodeToString()
