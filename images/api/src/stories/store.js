const COLUMNS = 'id, title, body, author, created_at';

export function createStoryStore(database) {
  return {
    async list({ limit, before }) {
      const rows = await database.query(
        `select ${COLUMNS} from stories where $2::bigint is null or id < $2 order by id desc limit $1`,
        [limit, before],
      );
      return rows.map(toStory);
    },

    async find(id) {
      const [row] = await database.query(`select ${COLUMNS} from stories where id = $1`, [id]);
      return row && toStory(row);
    },

    async create({ title, body, author }) {
      const [row] = await database.query(
        `insert into stories (title, body, author) values ($1, $2, $3) returning ${COLUMNS}`,
        [title, body, author],
      );
      return toStory(row);
    },
  };
}

// The driver returns a bigint as text.
function toStory(row) {
  return { ...row, id: Number(row.id) };
}
