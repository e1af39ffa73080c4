import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** mongo-java-server at a wire version that the driver accepts: as it comes, it is refused for being too old. */
public class MongoMain {
    public static void main(String[] arguments) {
        MemoryBackend backend = new MemoryBackend();
        backend.version(new MongoVersion() {
            @Override public List<Integer> getVersionArray() { return List.of(7, 0, 0, 0); }
            @Override public int getWireVersion() { return 21; }
            @Override public String toVersionString() { return "7.0.0"; }
        });
        MongoServer server = new MongoServer(backend);
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        System.out.println("ready");
    }
}
