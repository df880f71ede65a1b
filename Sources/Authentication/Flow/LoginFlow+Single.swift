/// Password and code in one answer.
extension LoginFlow {
    /// The code behind a right password is refused: what comes then is what comes after a wrong password, whatever the
    /// reason, so that nobody learns which of the two it was.
    func refuseCombined(_ progress: Progress, _ reason: Reason, mayTryAgain: Bool) -> (State, OnJudgement) {
        guard !mayTryAgain else {
            return (.asking(.provider, Progress(chain: progress.chain)), .askAgain(.provider))
        }
        return LoginFlow.over(plan.tries > 1 ? .triesUsedUp(.tooManyRetries) : .denied(reason), OnJudgement.end)
    }
}

extension Outcome {
    /// Why an answer is refused for a reason that lies with the account; nil where it is accepted, and for what keeps
    /// everybody out.
    package var refusal: Reason? {
        switch self {
        case .rejected(let reason): reason
        case .delayed(let seconds, _): .delayed(seconds: seconds)
        case .locked: .locked
        case .unavailable(.accountChanged): .accountChanged
        case .unavailable(.moduleFailed): .moduleFailed
        case .accepted, .charged, .unavailable: nil
        }
    }
}
