package dev.uring.client.routing

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class DistributionTest :
    FunSpec({
        test("hashes are those that others have published") {
            KeyHash.FNV1A_32.of("a".toByteArray()) shouldBe 0xe40c292cL
            KeyHash.FNV1_32.of("a".toByteArray()) shouldBe 0x050c5d7eL
            KeyHash.FNV1_64.of("a".toByteArray()) shouldBe (0xaf63bd4c8601b7beuL.toLong() and 0xFFFFFFFFL)
            KeyHash.ONE_AT_A_TIME.of("a".toByteArray()) shouldBe 0xca2e9442L
            KeyHash.MD5.of("".toByteArray()) shouldBe 0xd98c1dd4L
        }

        test("the continuum is ketama's") {
            val nodes = List(3) { WeightedNode.of("server-$it:11211") }
            val nodeOf = Distribution.KETAMA.over(nodes)
            val continuum = Continuum(nodes)
            for (key in listOf("foo", "bar", "key-1")) {
                nodeOf.applyAsInt(KeyHash.MD5.of(key.toByteArray())) shouldBe continuum.nodeOf(key.toByteArray())
            }
        }

        test("the remainder counts each node as often as its weight says; random reaches all") {
            val nodes = listOf(WeightedNode.of("a", 2), WeightedNode.of("b"))
            val modula = Distribution.MODULA.over(nodes)
            (0L..5L).map(modula::applyAsInt) shouldBe listOf(0, 0, 1, 0, 0, 1)
            modula.applyAsInt(0xFFFFFFFFL) shouldBe listOf(0, 0, 1)[(0xFFFFFFFFL % 3).toInt()]
            val random = Distribution.RANDOM.over(nodes)
            generateSequence { random.applyAsInt(7) }.take(10_000).toSet() shouldBe setOf(0, 1)
        }
    })
