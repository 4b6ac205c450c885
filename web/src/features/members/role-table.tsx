import { useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { Icon } from '@/ui/icons'
import { Table, Td, Th, Tr } from '@/ui/table'
import styles from './members.module.css'

const roles = ['viewer', 'member', 'admin', 'owner'] as const
const rights = ['view', 'work', 'manage', 'own'] as const

/** Each role may do what those before it may, and one thing more. */
export function RoleTable() {
  const t = useT()
  return (
    <Card title={t('members.rights_title')} flush>
      <Table caption={t('members.rights_title')}>
        <thead>
          <tr>
            <Th>{t('members.columns.right')}</Th>
            {roles.map((role) => (
              <Th key={role} className={styles.center}>
                {t(`members.roles.${role}`)}
              </Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rights.map((right, least) => (
            <Tr key={right}>
              <Td className={styles.right}>{t(`members.rights.${right}`)}</Td>
              {roles.map((role, rank) => (
                <Td key={role} className={styles.center}>
                  {rank >= least ? (
                    <span className={styles.yes}>
                      <Icon name="check" size={16} strokeWidth={2.6} />
                      <span className="visually-hidden">{t('common.yes')}</span>
                    </span>
                  ) : (
                    <>
                      <span aria-hidden="true">–</span>
                      <span className="visually-hidden">{t('common.no')}</span>
                    </>
                  )}
                </Td>
              ))}
            </Tr>
          ))}
        </tbody>
      </Table>
      <p className={styles.quiet}>{t('members.rights_note')}</p>
    </Card>
  )
}
