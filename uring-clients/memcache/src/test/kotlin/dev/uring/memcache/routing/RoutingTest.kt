package dev.uring.memcache.routing

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class RoutingTest :
    FunSpec({
        val ascii = List(100_000) { "key:$it".toByteArray() }

        test("hashes are those that others have published") {
            KeyHash.FNV1A_32.of("a".toByteArray()) shouldBe 0xe40c292cL
            KeyHash.FNV1_32.of("a".toByteArray()) shouldBe 0x050c5d7eL
            KeyHash.FNV1_64.of("a".toByteArray()) shouldBe (0xaf63bd4c8601b7beuL.toLong() and 0xFFFFFFFFL)
            KeyHash.ONE_AT_A_TIME.of("a".toByteArray()) shouldBe 0xca2e9442L
            KeyHash.MD5.of("".toByteArray()) shouldBe 0xd98c1dd4L
        }

        test("keys go where ketama sends them") {
            val nodes = List(3) { Node("server-$it:11211", 11211, 1) }
            val nodeOf = Distribution.KETAMA.over(nodes)
            val expected = mapOf("foo" to 0, "bar" to 2, "key-1" to 1, "hello" to 2, "user:42" to 2)
            for ((key, node) in expected) nodeOf.applyAsInt(KeyHash.MD5.of(key.toByteArray())) shouldBe node
            Continuum(nodes).pointsCount() shouldBe 480
        }

        test("a node more takes its share, and no key moves between the others") {
            val nodes = List(4) { Node("10.0.0.$it", 11211, 1) }
            val three = Distribution.KETAMA.over(nodes.dropLast(1))
            val four = Distribution.KETAMA.over(nodes)
            var moved = 0
            for (key in ascii) {
                val hash = KeyHash.MD5.of(key)
                if (four.applyAsInt(hash) == 3) moved++ else four.applyAsInt(hash) shouldBe three.applyAsInt(hash)
            }
            moved shouldBeInRange 15_000..35_000
        }

        test("the remainder counts each node as often as its weight says; random reaches all") {
            val nodes = listOf(Node("a", 1, 2), Node("b", 2, 1))
            val modula = Distribution.MODULA.over(nodes)
            (0L..5L).map(modula::applyAsInt) shouldBe listOf(0, 0, 1, 0, 0, 1)
            modula.applyAsInt(0xFFFFFFFFL) shouldBe listOf(0, 0, 1)[(0xFFFFFFFFL % 3).toInt()]
            val random = Distribution.RANDOM.over(nodes)
            generateSequence { random.applyAsInt(7) }.take(10_000).toSet() shouldBe setOf(0, 1)
        }

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
