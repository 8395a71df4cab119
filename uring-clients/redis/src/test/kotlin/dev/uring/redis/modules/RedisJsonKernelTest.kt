package dev.uring.redis.modules

import dev.uring.redis.RealRedis
import dev.uring.redis.RedisException
import dev.uring.redis.RespVersion
import dev.uring.redis.commands.Calls
import dev.uring.redis.commands.JsonMember
import dev.uring.redis.commands.SetCondition
import dev.uring.redis.commands.flushAll
import dev.uring.redis.commands.ftSearch
import dev.uring.redis.commands.incr
import dev.uring.redis.commands.jsonArrAppend
import dev.uring.redis.commands.jsonArrIndex
import dev.uring.redis.commands.jsonArrInsert
import dev.uring.redis.commands.jsonArrLen
import dev.uring.redis.commands.jsonArrPop
import dev.uring.redis.commands.jsonArrTrim
import dev.uring.redis.commands.jsonClear
import dev.uring.redis.commands.jsonDebugMemory
import dev.uring.redis.commands.jsonDel
import dev.uring.redis.commands.jsonForget
import dev.uring.redis.commands.jsonGet
import dev.uring.redis.commands.jsonMGet
import dev.uring.redis.commands.jsonMSet
import dev.uring.redis.commands.jsonMerge
import dev.uring.redis.commands.jsonNumIncrBy
import dev.uring.redis.commands.jsonNumMultBy
import dev.uring.redis.commands.jsonObjKeys
import dev.uring.redis.commands.jsonObjLen
import dev.uring.redis.commands.jsonResp
import dev.uring.redis.commands.jsonSet
import dev.uring.redis.commands.jsonStrAppend
import dev.uring.redis.commands.jsonStrLen
import dev.uring.redis.commands.jsonToggle
import dev.uring.redis.commands.jsonType
import dev.uring.redis.commands.set
import dev.uring.redis.jsonValues
import dev.uring.redis.needsRedis
import dev.uring.redis.redis
import dev.uring.redis.withClient
import dev.uring.redis.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import java.io.File

/** Documents against a server with RedisJSON, where the one who runs the tests has one: no Debian package does. */
class RedisJsonKernelTest :
    FunSpec({
        needsRedis()
        val place = System.getenv("URING_TEST_REDIS_JSON").orEmpty()
        val withModule =
            if (place.isEmpty()) {
                Enabled.disabled(
                    "URING_TEST_REDIS_JSON is not set: redis://host:port of a server with RedisJSON " +
                        "whose data may be deleted, or the path of rejson.so",
                )
            } else {
                Enabled.enabled
            }

        fun withJson(calls: suspend Calls.() -> Unit) {
            for (version in listOf(RespVersion.RESP2, RespVersion.RESP3)) {
                withClue(version) {
                    if (File(place).isFile) {
                        RealRedis("--loadmodule", place).use { redis ->
                            withClient(redis, configure = { copy(protocol = version) }) { Calls(it).calls() }
                        }
                    } else {
                        withUring {
                            redis(place) { copy(protocol = version) }.use { client ->
                                client.flushAll()
                                Calls(client).calls()
                            }
                        }
                    }
                }
            }
        }

        test("a server without the module says which one is missing, and what to do") {
            RealRedis().use { redis ->
                withClient(redis) { client ->
                    val refused = shouldThrow<RedisException> { client.jsonGet("k") }
                    refused.missingModule shouldBe "RedisJSON"
                    refused.message shouldBe
                        "JSON.GET: the server answers: " +
                        "ERR unknown command 'JSON.GET', with args beginning with: 'k' \n" +
                        "  Likely cause: the server has not loaded the module RedisJSON, " +
                        "or one that is older than 1.0.0.\n" +
                        "  MODULE LIST says which it has. Redis 8 brings it along; an older server loads it: " +
                        "redis-server --loadmodule FILE, or the image redis/redis-stack-server."
                    shouldThrow<RedisException> { client.ftSearch("i", "q") }.missingModule shouldBe "RediSearch"
                    client.set("k", "v")
                    shouldThrow<RedisException> { client.incr("k") }.missingModule shouldBe null
                }
            }
        }

        test("documents are written and read as the program's own types, through any format")
            .config(enabledOrReasonIf = { withModule }) {
                withJson {
                    val values = jsonValues(Json)
                    values.jsonSet("p", mapOf("n" to 1, "m" to 2)) shouldBe true
                    values.jsonGet<Map<String, Int>>("p") shouldBe mapOf("n" to 1, "m" to 2)
                    values.jsonGet<Int>("p", "$.n") shouldBe 1
                    values.jsonGet<Int>("p", ".n") shouldBe 1
                    values.jsonGet<Int>("p", "$.none") shouldBe null
                    values.jsonGet<Int>("none") shouldBe null
                    values.jsonGetAll<Int>("p", "$.*").sorted() shouldBe listOf(1, 2)
                    values.jsonSet("p", 3, "$.n", SetCondition.IfAbsent) shouldBe false
                    values.jsonMGet<Int>(listOf("p", "none"), "$.n") shouldBe listOf(1, null)
                    values.jsonMerge("p", mapOf("m" to null, "l" to 4))
                    values.jsonGet<Map<String, Int>>("p") shouldBe mapOf("n" to 1, "l" to 4)
                    values.jsonSet("p", listOf("a"), "$.list")
                    values.jsonArrAppend("p", "$.list", "b", "c") shouldBe listOf(3L)
                    shouldThrow<SerializationException> { values.jsonGet<Int>("p", "$.list") }
                }
            }

        test("every command of RedisJSON returns what it must").config(enabledOrReasonIf = { withModule }) {
            withJson {
                returns(true) { jsonSet("d", "$", """{"n":1,"s":"ab","a":[1,2,1],"o":{"x":null},"b":true}""") }
                returns(false) { jsonSet("d", "$", "1", SetCondition.IfAbsent) }
                returns("[1]") { jsonGet("d", "$.n") }
                returns("1") { jsonGet("d", ".n") }
                returns(null) { jsonGet("none") }
                returns(listOf("[1]", null)) { jsonMGet("d", "none", path = "$.n") }
                returns(listOf(3.5)) { jsonNumIncrBy("d", "$.n", 2.5) }
                returns(listOf(7.0)) { jsonNumMultBy("d", "$.n", 2.0) }
                returns(listOf(null)) { jsonNumIncrBy("d", "$.s", 1.0) }
                returns(listOf("number")) { jsonType("d", "$.n") }
                returns(listOf("object")) { jsonType("d") }
                returns(emptyList()) { jsonType("none") }
                returns(listOf(3L)) { jsonStrAppend("d", "\"c\"", "$.s") }
                returns(listOf(3L)) { jsonStrLen("d", "$.s") }
                returns(listOf(4L)) { jsonArrAppend("d", "$.a", "3") }
                returns(listOf(0L)) { jsonArrIndex("d", "$.a", "1") }
                returns(listOf(2L)) { jsonArrIndex("d", "$.a", "1", 1) }
                returns(listOf(5L)) { jsonArrInsert("d", "$.a", 0, "0") }
                returns(listOf(5L)) { jsonArrLen("d", "$.a") }
                returns(listOf("3")) { jsonArrPop("d", "$.a") }
                returns(listOf("0")) { jsonArrPop("d", "$.a", 0) }
                returns(listOf(2L)) { jsonArrTrim("d", "$.a", 0, 1) }
                returns(listOf(listOf("x"))) { jsonObjKeys("d", "$.o") }
                returns(listOf(1L)) { jsonObjLen("d", "$.o") }
                returns(listOf(false)) { jsonToggle("d", "$.b") }
                satisfies({ jsonDebugMemory("d", "$.n") }) { it.single()!! >= 0 }
                satisfies({ jsonResp("d", "$.s") }) { it.toString().contains("abc") }
                returns(1L) { jsonClear("d", "$.a") }
                does { jsonMerge("d", "$", """{"o":null}""") }
                returns(0L) { jsonDel("d", "$.o") }
                returns(1L) { jsonForget("d", "$.s") }
                does { jsonMSet(JsonMember("{t}1", "$", "1"), JsonMember("{t}2", "$", "2")) }
                returns(1L) { jsonDel("{t}1") }
            }
        }
    })
