import AdminProtocol
import Foundation
import Glibc

/// The record of a change that cannot be read as one: damaged, or of a newer twostep.
struct UnreadableRecord {
    let path: String

    /// What it is about, as far as that can be made out; nil where it cannot.
    var service: String? {
        guard let bytes = try? HostFile.read(path),
            let guess = try? JSONDecoder().decode(Guess.self, from: Data(bytes))
        else { return nil }
        return ServiceName(argument: guess.service)?.text
    }

    private struct Guess: Decodable {
        let service: String
    }

    /// In a sentence, with what to type.
    var complaint: CommandFailure {
        let remedy = service.map { "twostep disable \($0)" } ?? "twostep disable --all"
        return CommandFailure(
            .refused, code: .files, "\(path) cannot be read: it is damaged, or of a newer twostep.",
            hint: "Nothing that it is about is undone by itself. To take our lines out and be rid of it: \(remedy)")
    }

    /// Takes it out of the way, for somebody to look at: what it was about asks for no code any more.
    func setAside() throws(CommandFailure) {
        guard unsafe rename(path, "\(path).damaged") == 0 else { throw HostFile.failure("rename", path, errno) }
    }
}
