import AdminProtocol
import CPAMApplication
import Glibc

/// One login as far as PAM decides it: authentication and the account, no credentials and no session.
struct PAMTrial {
    let service: String
    let user: String
    let surroundings: TrialSurroundings
    /// Where stacks are read instead of in /etc/pam.d; nil for there.
    let folder: String?

    /// Runs it, and puts PAM's questions to `conversation`.
    func run(_ conversation: TrialConversation) throws(CommandFailure) -> TrialOutcome {
        guard let library = unsafe application_load() else {
            let reason = unsafe application_load_error().map { unsafe String(cString: $0) } ?? "no reason is given"
            throw CommandFailure(.refused, code: .trial, "libpam cannot be loaded: \(reason).")
        }
        let context = unsafe Unmanaged.passUnretained(conversation).toOpaque()
        var callback = unsafe application_conversation(answer: TrialConversation.callback, context: context)
        var start = unsafe pam_conv()
        return try unsafe withUnsafeMutablePointer(to: &callback) { callback throws(CommandFailure) in
            try unsafe withUnsafeMutablePointer(to: &start) { start throws(CommandFailure) in
                var handle: OpaquePointer?
                let code = unsafe application_start(library, service, user, folder, start, callback, &handle)
                guard application_is_content(code), let handle = unsafe handle else {
                    throw unsafe PAMTrial.unusable(library, code, draft: folder != nil)
                }
                let outcome = unsafe run(library, handle, conversation)
                unsafe application_end(library, handle, outcome.last.code)
                if let failure = conversation.failure { throw failure }
                return outcome
            }
        }
    }

    private func run(
        _ library: UnsafeMutableRawPointer, _ handle: OpaquePointer, _ conversation: TrialConversation
    ) -> TrialOutcome {
        let items = [
            (PAM_RHOST, surroundings.remoteHost), (PAM_TTY, surroundings.terminal),
            (PAM_RUSER, surroundings.remoteUser),
        ]
        for case (let item, let text?) in items { _ = unsafe application_set_item(library, handle, item, text) }
        for assignment in surroundings.environment {
            _ = unsafe application_put_environment(library, handle, assignment)
        }
        func step(_ code: Int32) -> TrialOutcome.Step {
            let name = unsafe application_code_name(code).map { unsafe String(cString: $0) } ?? "\(code)"
            let text = unsafe application_description(library, handle, code).map { unsafe String(cString: $0) }
            return TrialOutcome.Step(
                code: code, name: name, text: text ?? name, isContent: application_is_content(code),
                asksForPassword: code == PAM_NEW_AUTHTOK_REQD)
        }
        func variable(_ name: String) -> String? {
            unsafe application_environment(library, handle, name).map { unsafe String(cString: $0) }
        }
        let authentication = step(unsafe application_authenticate(library, handle, surroundings.flags))
        let account =
            authentication.isContent
            ? step(unsafe application_account(library, handle, surroundings.flags)) : nil
        return TrialOutcome(
            authentication: authentication, account: account, provider: variable("TWOSTEP_PROVIDER"),
            modules: variable("TWOSTEP_MODULES"))
    }

    private static func unusable(_ library: UnsafeMutableRawPointer, _ code: Int32, draft: Bool) -> CommandFailure {
        guard code != PAM_SYMBOL_ERR || !draft else {
            return CommandFailure(
                .refused, code: .trial, "This libpam reads stacks in /etc/pam.d only: it is older than 1.4.",
                hint: "Install the draft under a name of its own and try that: twostep trial NAME USER")
        }
        let text = unsafe application_description(library, nil, code).map { unsafe String(cString: $0) }
        return CommandFailure(.refused, code: .trial, "PAM cannot be started: \(text ?? "error \(code)").")
    }
}

extension AdminRefusal.Kind {
    /// A stack could not be tried.
    static let trial = AdminRefusal.Kind(rawValue: "trial")
}
