import CPAM
import CPOSIX
import UnixSocket
import Wire

public func probe(_ h: OpaquePointer) -> CInt {
    do throws(WireError) {
        let path: StaticString = "/run/twostep/login.sock"
        let d = try unsafe path.withCStringX { (p) throws(WireError) in try unsafe Listener.connect(to: p, before: .after(milliseconds: 2000)) }
        var f = FrameBuffer.empty()
        f.start(.answer, version: 1)
        f.finish()
        try d.send(f, before: .after(milliseconds: 1000))
        let head = try d.receive(into: &f, before: .after(milliseconds: 10000))
        return head.payloadCount == 3 ? PAM_AUTH_ERR : PAM_AUTHINFO_UNAVAIL
    } catch {
        return PAM_AUTHINFO_UNAVAIL
    }
}
extension StaticString {
    func withCStringX<R: ~Copyable>(_ body: (UnsafePointer<CChar>) throws(WireError) -> R) throws(WireError) -> R {
        let p = unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
        return try unsafe body(p)
    }
}
