package dev.uring.memcache.routing

import dev.uring.client.routing.Distribution
import dev.uring.client.routing.KeyHash
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class RoutingTest :
    FunSpec({
        val ascii = List(100_000) { "key:$it".toByteArray() }

        test("nodes are read from their usual form") {
            Node.parse("h") shouldBe Node("h", 11211, 1)
            Node.parse("h:1") shouldBe Node("h", 1, 1)
            Node.parse("h:1:5") shouldBe Node("h", 1, 5)
            Node.parse("[::1]:1:5") shouldBe Node("[::1]", 1, 5)
            Node.parse("h").identity() shouldBe "h"
            Node.parse("h:12").identity() shouldBe "h:12"
            shouldThrow<IllegalArgumentException> { Node.parse("h:x") }.message shouldBe
                "'h:x' is not host[:port[:weight]]"
            shouldThrow<IllegalArgumentException> { Node.parse("h:1:0") }
        }

        context("beside libmemcached") {
            val there: () -> Enabled = {
                when {
                    Libmemcached.isThere -> Enabled.enabled

                    System.getenv(
                        "CI",
                    ) == "true" -> error("CI=true, but there is no libmemcached.so.11 (libmemcached-tools)")

                    else -> Enabled.disabled("not installed: libmemcached-tools")
                }
            }

            test("100,000 keys go to the same nodes, whatever ports and weights they have").config(
                enabledOrReasonIf = { there() },
            ) {
                val pools =
                    listOf(
                        List(3) { Node("server-$it", 11211, 1) },
                        List(7) { Node("10.1.2.$it", 11211 + it, 1) },
                        listOf(Node("a", 11211, 1), Node("b", 11212, 3), Node("c.example", 22122, 7)),
                    )
                for (nodes in pools) {
                    Libmemcached(nodes, Libmemcached.KETAMA_WEIGHTED).use { theirs ->
                        val ours = Distribution.KETAMA.over(nodes)
                        for (key in ascii) {
                            withClue({ "${key.decodeToString()} over $nodes" }) {
                                ours.applyAsInt(KeyHash.MD5.of(key)) shouldBe theirs.nodeOf(key)
                            }
                        }
                    }
                }
            }

            test("100,000 keys go to the same nodes by the remainder").config(enabledOrReasonIf = { there() }) {
                val nodes = List(5) { Node("server-$it", 11211, 1) }
                Libmemcached(nodes, null).use { theirs ->
                    val ours = Distribution.MODULA.over(nodes)
                    for (key in ascii) ours.applyAsInt(KeyHash.ONE_AT_A_TIME.of(key)) shouldBe theirs.nodeOf(key)
                }
            }

            test("every hash of any bytes is the same").config(enabledOrReasonIf = { there() }) {
                val seed = System.nanoTime()
                val random = Random(seed)
                repeat(20_000) {
                    val key = random.nextBytes(random.nextInt(1, 40))
                    for (hash in KeyHash.entries) {
                        withClue({ "seed=$seed $hash ${key.toList()}" }) {
                            hash.of(key) shouldBe
                                Libmemcached.hash(hash, key)
                        }
                    }
                }
            }
        }
    })
