// Compiled by generated-clients.test.ts together with what OpenAPI Generator makes of the running product's description in OpenAPI 3.0.
import chat.apis.AuthApi
import chat.apis.ChatroomsApi
import chat.apis.MessagesApi
import chat.infrastructure.ApiClient
import chat.infrastructure.ClientError
import chat.infrastructure.ClientException
import chat.infrastructure.Serializer
import chat.models.*
import java.util.UUID
import okhttp3.Request

fun logIn(base: String, phone: String) {
    val auth = AuthApi(base)
    auth.signUp(SignUpRequest(phone = phone, name = "Ada"))
    val challenge = auth.sendOtp(SendOtpRequest(phone = phone))
    val tokens = auth.verifyOtp(VerifyOtpRequest(challengeId = challenge.challengeId.toString(), otp = challenge.otp!!))
    ApiClient.accessToken = tokens.accessToken
}

/** The text of the deltas, and the final message. The generated client reads no streams, but has the events' types. */
fun read(base: String, room: UUID, reply: UUID): Pair<String, MessageResponse> {
    val request = Request.Builder().url("$base/chatroom/$room/message/$reply/stream")
        .header("Authorization", "Bearer ${ApiClient.accessToken}").build()
    var text = ""
    var name = ""
    val source = ApiClient.client.newCall(request).execute().body()!!.source()
    while (true) {
        val line = source.readUtf8Line() ?: throw Exception("The stream ended without done.")
        if (line.startsWith("event: ")) name = line.substring(7)
        if (!line.startsWith("data: ")) continue
        val event = """{"event":"$name","id":"","data":${line.substring(6)}}"""
        when (name) {
            "delta" -> text += Serializer.gson.fromJson(event, DeltaEvent::class.java).data.text
            "reset" -> text = ""
            "done" -> return Pair(text, Serializer.gson.fromJson(event, DoneEvent::class.java).data)
        }
    }
}

/** The code of a refused message, as the generated type of the problem has it. */
fun refusal(messages: MessagesApi): ChatroomNotFoundOrMessageNotFoundProblem.Code? {
    try {
        messages.sendMessage(UUID.randomUUID(), SendMessageRequest(content = "Nowhere"), UUID.randomUUID().toString())
    } catch (refused: ClientException) {
        val body = (refused.response as ClientError<*>).body.toString()
        return Serializer.gson.fromJson(body, ChatroomNotFoundOrMessageNotFoundProblem::class.java).code
    }
    return null
}

fun main(arguments: Array<String>) {
    val (base, phone) = arguments
    logIn(base, phone)
    val room = ChatroomsApi(base).createChatroom(CreateChatroomRequest())
    val messages = MessagesApi(base)
    val sent = messages.sendMessage(room.id, SendMessageRequest(content = "Hello from Kotlin"), UUID.randomUUID().toString())
    val (text, final) = read(base, room.id, sent.reply.id)
    val outcome = mapOf(
        "text" to text,
        "status" to final.status.value,
        "content" to final.content,
        "tokens" to final.usage?.replyTokens,
        "error" to final.error?.code,
        "refused" to refusal(messages)?.value,
    )
    print(Serializer.gson.newBuilder().serializeNulls().create().toJson(outcome))
    System.exit(0)
}
