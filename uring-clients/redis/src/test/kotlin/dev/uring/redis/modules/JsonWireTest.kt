package dev.uring.redis.modules

import dev.uring.redis.RedisCommands
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.commands.JsonMember
import dev.uring.redis.commands.SetCondition
import dev.uring.redis.commands.jsonArrAppendRequest
import dev.uring.redis.commands.jsonArrIndexRequest
import dev.uring.redis.commands.jsonArrInsertRequest
import dev.uring.redis.commands.jsonArrLenRequest
import dev.uring.redis.commands.jsonArrPopRequest
import dev.uring.redis.commands.jsonArrTrimRequest
import dev.uring.redis.commands.jsonClearRequest
import dev.uring.redis.commands.jsonDebugMemoryRequest
import dev.uring.redis.commands.jsonDelRequest
import dev.uring.redis.commands.jsonForgetRequest
import dev.uring.redis.commands.jsonGetRequest
import dev.uring.redis.commands.jsonMGetRequest
import dev.uring.redis.commands.jsonMSetRequest
import dev.uring.redis.commands.jsonMergeRequest
import dev.uring.redis.commands.jsonNumIncrByRequest
import dev.uring.redis.commands.jsonNumMultByRequest
import dev.uring.redis.commands.jsonObjKeysRequest
import dev.uring.redis.commands.jsonObjLenRequest
import dev.uring.redis.commands.jsonRespRequest
import dev.uring.redis.commands.jsonSetRequest
import dev.uring.redis.commands.jsonStrAppendRequest
import dev.uring.redis.commands.jsonStrLenRequest
import dev.uring.redis.commands.jsonToggleRequest
import dev.uring.redis.commands.jsonTypeRequest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import redis.clients.jedis.CommandObject
import redis.clients.jedis.CommandObjects
import redis.clients.jedis.RedisProtocol
import redis.clients.jedis.json.JsonSetParams
import redis.clients.jedis.json.Path2

/** The same call of this client and of Jedis puts the same bytes on the wire. */
class JsonWireTest :
    FunSpec({
        val jedis = CommandObjects(RedisProtocol.RESP3)
        val path = Path2.of("$.a")

        fun same(
            theirs: CommandObject<*>,
            ours: RedisCommands<String, String>.() -> CommandWriter,
        ) {
            sent(ours) shouldBe sentByJedis(theirs)
        }

        test("documents are written, merged and read as by Jedis") {
            same(jedis.jsonSet("k", path, """{"ü":1}""")) { jsonSetRequest("k", "$.a", """{"ü":1}""", null) }
            same(jedis.jsonSetWithEscape("k", path, 1, JsonSetParams.jsonSetParams().nx())) {
                jsonSetRequest("k", "$.a", "1", SetCondition.IfAbsent)
            }
            same(jedis.jsonSetWithEscape("k", path, "x", JsonSetParams.jsonSetParams().xx())) {
                jsonSetRequest("k", "$.a", "\"x\"", SetCondition.IfPresent)
            }
            same(jedis.jsonMerge("k", path, 1)) { jsonMergeRequest("k", "$.a", "1") }
            same(jedis.jsonGet("k")) { jsonGetRequest("k", emptyList(), null, null, null) }
            same(jedis.jsonGet("k", path, Path2.of("$.b"))) {
                jsonGetRequest("k", listOf("$.a", "$.b"), null, null, null)
            }
            same(jedis.jsonMGet(path, "k", "l")) { jsonMGetRequest(listOf("k", "l"), "$.a") }
            same(jedis.jsonDel("k")) { jsonDelRequest("k", null) }
            same(jedis.jsonDel("k", path)) { jsonDelRequest("k", "$.a") }
            same(jedis.jsonClear("k")) { jsonClearRequest("k", null) }
            same(jedis.jsonClear("k", path)) { jsonClearRequest("k", "$.a") }
            same(jedis.jsonToggle("k", path)) { jsonToggleRequest("k", "$.a") }
            same(jedis.jsonType("k", path)) { jsonTypeRequest("k", "$.a") }
            same(jedis.jsonNumIncrBy("k", path, 2.5)) { jsonNumIncrByRequest("k", "$.a", 2.5) }
            same(jedis.jsonStrAppend("k", path, "x")) { jsonStrAppendRequest("k", "\"x\"", "$.a") }
            same(jedis.jsonStrLen("k", path)) { jsonStrLenRequest("k", "$.a") }
            same(jedis.jsonObjKeys("k", path)) { jsonObjKeysRequest("k", "$.a") }
            same(jedis.jsonObjLen("k", path)) { jsonObjLenRequest("k", "$.a") }
            same(jedis.jsonDebugMemory("k", path)) { jsonDebugMemoryRequest("k", "$.a") }
        }

        test("arrays are changed and asked as by Jedis") {
            same(jedis.jsonArrAppendWithEscape("k", path, 1, "x")) {
                jsonArrAppendRequest("k", "$.a", listOf("1", "\"x\""))
            }
            same(jedis.jsonArrIndexWithEscape("k", path, "x")) { jsonArrIndexRequest("k", "$.a", "\"x\"") }
            same(jedis.jsonArrInsertWithEscape("k", path, 2, 1, "x")) {
                jsonArrInsertRequest("k", "$.a", 2, listOf("1", "\"x\""))
            }
            same(jedis.jsonArrLen("k", path)) { jsonArrLenRequest("k", "$.a") }
            same(jedis.jsonArrPop("k", path)) { jsonArrPopRequest("k", "$.a", null) }
            same(jedis.jsonArrPop("k", path, -2)) { jsonArrPopRequest("k", "$.a", -2) }
            same(jedis.jsonArrTrim("k", path, 1, 2)) { jsonArrTrimRequest("k", "$.a", 1, 2) }
        }

        test("what Jedis has no function for is written as the server's documentation says") {
            fun words(text: String) = sentWords(text.split(' '))
            sent { jsonMSetRequest(listOf(JsonMember("k", "$", "1"), JsonMember("l", "$.a", "[]"))) } shouldBe
                words("JSON.MSET k $ 1 l $.a []")
            sent { jsonDebugMemoryRequest("k", null) } shouldBe words("JSON.DEBUG MEMORY k")
            sent { jsonForgetRequest("k", "$.a") } shouldBe words("JSON.FORGET k $.a")
            sent { jsonNumMultByRequest("k", "$.a", 2.0) } shouldBe words("JSON.NUMMULTBY k $.a 2")
            sent { jsonRespRequest("k", "$.a") } shouldBe words("JSON.RESP k $.a")
            sent { jsonArrIndexRequest("k", "$.a", "1", 2, 0) } shouldBe words("JSON.ARRINDEX k $.a 1 2 0")
            sent { jsonGetRequest("k", listOf("$"), "\t", "\n", " ") } shouldBe
                sentWords(listOf("JSON.GET", "k", "INDENT", "\t", "NEWLINE", "\n", "SPACE", " ", "$"))
        }

        test("keys of every document are noted for routing, and paths and values are none") {
            fun keys(writer: CommandWriter) = List(writer.keysCount()) { String(writer.keyAt(it)) }
            keys(Written.jsonSetRequest("k", "$", "1", null)) shouldBe listOf("k")
            keys(Written.jsonMGetRequest(listOf("a", "b"), "$")) shouldBe listOf("a", "b")
            keys(Written.jsonMSetRequest(listOf(JsonMember("a", "$", "1"), JsonMember("b", "$", "2")))) shouldBe
                listOf("a", "b")
            keys(Written.jsonDebugMemoryRequest("k", "$")) shouldBe listOf("k")
        }

        test("an empty list of documents or values is refused before anything is sent") {
            shouldThrow<IllegalArgumentException> { Written.jsonMSetRequest(emptyList()) }.message shouldBe
                "JSON.MSET: members is empty, and the command takes at least one"
            shouldThrow<IllegalArgumentException> { Written.jsonArrAppendRequest("k", "$", emptyList()) }
        }
    })
