import Administration
import Authentication
import Foundation

/// A maker of stores that are empty files.
struct ScriptedStores: StoreMaker {
    var failure: StoreFailure?

    func makeStore(in directory: String, keyFile: String, configuration: String) throws(StoreFailure) -> Bool {
        if let failure { throw failure }
        let path = directory + "/twostep.sqlite"
        guard !FileManager.default.fileExists(atPath: path) else { return false }
        return FileManager.default.createFile(atPath: path, contents: Data())
    }
}
